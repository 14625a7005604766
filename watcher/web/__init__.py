"""The pages: what a person at a browser sees, rendered on the server, without script, behind the API's guard."""
