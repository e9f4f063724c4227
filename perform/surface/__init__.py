"""Touch surfaces made from the parameter table: ready files for other people's programs."""
