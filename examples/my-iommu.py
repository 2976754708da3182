import json, sys

MACHINE = {"groups": [{"bus": "pci", "id": 7, "coherent": True}],
           "devices": [{"name": "0000:00:04.0", "group": 0, "driver": "vfio"}],
           "mms": [{"lockLimit": None}], "timeout": 0}
HELLO = {"hello": 1, "name": "my IOMMU", "profile": "vfio-2011", "machine": MACHINE,
         "operations": ["open_group", "get_context", "map"]}
handles = {}

def errno(name):
    return {"is": "refused", "errno": name}

def call(op):
    if op["op"] == "open_group":
        if op["group"] != 0: return errno("ENODEV")
        if op["as"] in handles: return errno("EMFILE")
        handles[op["as"]] = "group"
        return {"is": "ok"}
    kind = handles.get(op["handle"])
    if kind is None: return errno("EBADF")
    if op["op"] == "get_context":
        if kind != "group": return errno("ENOTTY")
        if op["as"] in handles: return errno("EMFILE")
        handles[op["as"]] = "context"
        return {"is": "ok"}
    if op["op"] == "map":
        if kind != "context": return errno("ENOTTY")
        if op.get("arg"): return errno("EINVAL" if op["arg"] == "short" else "EFAULT")
        if op["prot"] == "none": return errno("EINVAL")
        return {"is": "ok"}
    return {"is": "not-implemented"}

for line in sys.stdin:
    ask = json.loads(line)
    if "hello" in ask: reply = HELLO
    elif "reset" in ask: handles.clear(); reply = {"reset": ask["reset"]}
    elif "call" in ask: reply = {"return": ask["call"], "outcome": call(ask["op"])}
    else: break
    print(json.dumps(reply), flush=True)
