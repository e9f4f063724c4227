"""The live path over a whole sound: what `perform analyze` runs, keeps, tells and draws."""
