"""The functions of the web service, one file per noun."""
