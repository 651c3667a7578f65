"""Images: the root file systems that sandboxes use, and the engines that make sandboxes."""
