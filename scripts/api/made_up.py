"""What schemathesis reads of the document: narrowed to what can be tried here, and without what a schema cannot say."""
import schemathesis

# What an answer has is all there is: a field that the document does not name is a fault of the document.
ANSWERS = ("Agent", "Client", "Job", "JobPage", "Problem", "StateChange")


@schemathesis.hook
def before_load_schema(context, raw_schema):
    schemas = raw_schema["components"]["schemas"]
    for name in ANSWERS:
        schemas[name]["additionalProperties"] = False
    request = schemas["JobRequest"]["properties"]
    # The one program that the agent's rules let made-up requests run, and a pool that it has.
    request["command"]["prefixItems"] = [{"const": "/usr/bin/true"}]
    request["command"].pop("examples")
    request["pool"] = {"enum": ["made-up", None]}
    # A cursor is one that the page before gave; Range is instead of the parameters, and not beside them.
    leave_out(raw_schema["paths"]["/v1/jobs"]["get"], "cursor")
    leave_out(raw_schema["paths"]["/v1/jobs/{id}/output"]["get"], "Range")


def leave_out(operation, name):
    operation["parameters"] = [parameter for parameter in operation["parameters"] if parameter["name"] != name]
