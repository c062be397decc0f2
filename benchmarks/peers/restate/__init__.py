"""Restate as a peer: its service and its client in TypeScript's SDK for Node.js, and what starts and asks them."""
