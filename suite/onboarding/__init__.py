"""`maison onboard`: a house brings its old files, through the API that the console uses."""
