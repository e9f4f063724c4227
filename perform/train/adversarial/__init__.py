"""Teaching a StyleGAN2 with pictures of one's own: `perform train gan`."""
