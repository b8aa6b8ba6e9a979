"""What the installers for Linux and Windows share: locked wheels, and a folder made of them.

`lock` names every wheel with its hash, `fetch` brings them into a cache, `layout` lays them out
as a folder that runs, `pruning` takes out what no part of Spaceport uses.
"""
