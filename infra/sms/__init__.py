"""Tencent Cloud's SMS."""
