"""What stands in which words: regions in scratch, rows to be stored, working memory."""
