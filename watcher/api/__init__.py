"""The HTTP API: aiohttp routes over the services, pydantic models, OpenAPI."""
