"""From a file to a document that knows the line and column of everything in it."""
