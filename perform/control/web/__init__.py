"""The web server inside a show: the OSCQuery socket and the panel, behind one door."""
