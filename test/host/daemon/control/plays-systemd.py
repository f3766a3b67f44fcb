"""Plays systemd: prints each datagram that comes to a socket as one line of JSON."""
import json
import socket
import sys

listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind(sys.argv[1])
print(json.dumps("listening"), flush=True)
while True:
    # Descriptors that come along are closed: systemd-notify waits for that.
    print(json.dumps(listener.recv(4096).decode()), flush=True)
