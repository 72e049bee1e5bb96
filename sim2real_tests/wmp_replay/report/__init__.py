"""The verdict as one HTML file that needs no network: pictures, curves and findings."""
