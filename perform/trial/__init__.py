"""First trials of foreign shaders: in a process of their own, with a time limit, remembered from show to show."""
