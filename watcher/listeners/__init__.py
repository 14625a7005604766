"""Listeners: they answer gear that asks (mail servers, resolvers), one module each."""
