PEERS = {}


def measure(*a):
    pass
