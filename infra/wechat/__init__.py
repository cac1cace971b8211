"""WeChat as the suite sees it: the calls we make, the pushes we receive. No business noun, no table of a service."""
