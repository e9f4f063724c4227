"""Picture sets to train on: drawn by shaders, or gathered from folders, each with a card that says what is in it."""
