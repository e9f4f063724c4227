"""One file per feature or family of features: `OUTPUTS`, maybe `PARAMS`, and a class `Unit`. Found by listing."""
