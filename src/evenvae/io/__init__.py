"""Input and output: files that are written completely or not at all, and tensors with a checksum."""
