"""OSCQuery: the parameter table as a tree that ossia score, Chataigne, VDMX and others read by themselves."""
