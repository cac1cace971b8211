"""The four services; none imports another, all stand on infra."""
