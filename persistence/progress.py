"""Committed changes over Redis, both ends: see progress_publisher.py and progress_feed.py."""

from persistence.progress_feed import RedisProgressFeed
from persistence.progress_publisher import RedisProgressPublisher

__all__ = ["RedisProgressFeed", "RedisProgressPublisher"]
