"""What people read: documents with their edits shown, and summaries of runs."""
