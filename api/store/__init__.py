"""The folder store over HTTP. Only what its signed addresses allow; other stores have servers of their own."""
