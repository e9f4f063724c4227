"""The embedded micro diffusion model: tiny autoencoder, small U-Net, small text encoder, and how they are taught."""
