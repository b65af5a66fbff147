"""Making a study: sources, batches, order, who rates what. Pure but for the pictures it keeps."""
