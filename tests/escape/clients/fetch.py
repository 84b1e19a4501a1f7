"""Asks for each URL with Python's own client; prints the bodies, or the failures, as JSON."""
import json, sys, urllib.request


def outcome(url):
    try:
        return urllib.request.urlopen(url, timeout=10).read().decode()
    except OSError as error:
        return str(error)


print(json.dumps([outcome(url) for url in sys.argv[1:]]))
