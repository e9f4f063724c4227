"""Models from elsewhere: fetched when asked, checked, and laid down as a folder with a card. Never at show time."""
