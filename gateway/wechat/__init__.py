"""Pushes from WeChat: verified, kept, handed on."""
