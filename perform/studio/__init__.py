"""The latent studio: offline tools that look for places in a model's latent space and keep them for the stage."""
