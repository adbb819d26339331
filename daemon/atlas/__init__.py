"""The border to Atlas Cloud: requests and answers, HTTP, pacing, catalogue."""
