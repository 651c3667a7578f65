"""The page of a channel: one HTML file, made from the records of the channel."""
