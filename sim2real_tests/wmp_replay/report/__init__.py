"""The verdict as one HTML file without external resources: findings, charts and pictures."""
