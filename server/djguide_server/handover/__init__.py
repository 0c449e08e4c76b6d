"""What an expert hands over after looking at a code base: one document, as Markdown or as HTML."""
