"""Few-step diffusion, played. `parts`: what a model consists of. `families`: opens folders. `instrument`: plays."""
