import json, sys

MACHINE = {"iommus": [{"driver": "vtd", "aperture": {"start": "0x0", "end": "0xffffffffffff"}, "pageSizes": "0x40201000"}],
           "groups": [{"id": 7, "behind": 0}],
           "devices": [{"name": "0000:00:04.0", "group": 0, "driver": "vfio"}],
           "mms": [{"lockLimit": None, "memory": [{"start": "0x200000000", "size": "0x100000", "prot": "rw"}]}]}
HELLO = {"hello": 1, "name": "my IOMMU", "profile": "vfio-type1", "machine": MACHINE,
         "operations": ["open_container", "open_group", "set_container", "set_iommu", "map"]}
OK = {"is": "ok"}
kinds, home, backends = {}, {}, set()  # what is open; the container that each group is in; containers with a backend

def errno(name):
    return {"is": "refused", "errno": name}

def opened(op, kind):
    if op["as"] in kinds: return errno("EMFILE")
    if kind == "group" and op["group"] != 0: return errno("ENOENT")
    if kind == "group" and kind in kinds.values(): return errno("EBUSY")
    kinds[op["as"]] = kind
    return OK

def call(op):
    name, handle = op["op"], op.get("handle")
    if name == "open_container": return opened(op, "container")
    if name == "open_group": return opened(op, "group")
    if handle not in kinds: return errno("EBADF")
    if name == "set_container":
        if kinds[handle] == "container": return errno("ENOTTY" if handle in backends else "EINVAL")
        if "arg" in op: return errno("EFAULT")
        if op["container"] not in [None, *kinds]: return errno("EBADF")
        if handle in home: return errno("EINVAL")
        if kinds.get(op["container"]) != "container": return errno("EBADFD")
        home[handle] = op["container"]
        return OK
    if kinds[handle] != "container": return errno("ENOTTY")
    if name == "set_iommu":
        if handle not in home.values() or handle in backends: return errno("EINVAL")
        if not op["type"].startswith("type1"): return errno("ENODEV")
        backends.add(handle)
        return OK
    if name == "map":
        if handle not in backends: return errno("EINVAL")
        if op.get("arg") == "unreadable": return errno("EFAULT")
        if op.get("arg") == "short" or "unknown" in op or "renew" in op or op["prot"] == "none": return errno("EINVAL")
        if op["size"] == "0x0" or any(int(op[key], 16) % 4096 for key in ("iova", "size", "vaddr")): return errno("EINVAL")
        return OK
    return {"is": "not-implemented"}

for line in sys.stdin:
    ask = json.loads(line)
    if "hello" in ask: reply = HELLO
    elif "reset" in ask: kinds.clear(); home.clear(); backends.clear(); reply = {"reset": ask["reset"]}
    elif "call" in ask: reply = {"return": ask["call"], "outcome": call(ask["op"])}
    else: break
    print(json.dumps(reply), flush=True)
