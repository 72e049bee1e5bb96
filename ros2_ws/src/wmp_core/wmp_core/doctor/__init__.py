"""Is everything as a walking robot needs it? Each question is a function that returns checks."""
