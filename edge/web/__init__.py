"""What runs in the page's process, and only there: nothing else in edge imports it."""
