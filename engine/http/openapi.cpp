#include "engine/http/openapi.h"

namespace relance::engine {

namespace {

constexpr std::string_view kDocument = R"json({
  "openapi": "3.1.0",
  "info": {
    "title": "Relance",
    "version": "1",
    "description": "Events in, timelines out. Errors are RFC 9457 problem documents with a stable member `code`. Without configured tokens the API listens on loopback only and asks for none."
  },
  "paths": {
    "/v1/events": {
      "post": {
        "operationId": "postEvents",
        "summary": "Take CloudEvents 1.0",
        "description": "Structured (application/cloudevents+json), batched (application/cloudevents-batch+json, at most 10,000 events), or binary mode (ce- headers with application/json data). application/json without ce- headers is read as structured or batched by its first character. An answer of 202 means that everything is durable. Events are counted once by source and id, so repeating a request is safe.",
        "security": [{"bearer": ["ingest"]}],
        "requestBody": {
          "required": true,
          "content": {
            "application/cloudevents+json": {"schema": {"$ref": "#/components/schemas/Event"}},
            "application/cloudevents-batch+json": {"schema": {"type": "array", "maxItems": 10000, "items": {"$ref": "#/components/schemas/Event"}}},
            "application/json": {"schema": {}}
          }
        },
        "responses": {
          "202": {
            "description": "Durable. Unusable elements of a batch are kept as dead letters.",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Accepted"}}}
          },
          "400": {"$ref": "#/components/responses/Unusable"},
          "401": {"$ref": "#/components/responses/Problem"},
          "403": {"$ref": "#/components/responses/Problem"},
          "408": {"$ref": "#/components/responses/Problem"},
          "413": {"$ref": "#/components/responses/Problem"},
          "415": {"$ref": "#/components/responses/Problem"},
          "421": {"$ref": "#/components/responses/Problem"},
          "429": {"$ref": "#/components/responses/Busy"},
          "500": {"$ref": "#/components/responses/Problem"},
          "503": {"$ref": "#/components/responses/Busy"}
        }
      }
    },
    "/v1/leads/{id}": {
      "get": {
        "operationId": "getLead",
        "summary": "State, timeline and what comes next for one lead",
        "security": [{"bearer": ["operate"]}, {"bearer": ["legal-read"]}],
        "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string", "maxLength": 256}}],
        "responses": {
          "200": {"description": "The lead", "content": {"application/json": {"schema": {"type": "object"}}}},
          "401": {"$ref": "#/components/responses/Problem"},
          "403": {"$ref": "#/components/responses/Problem"},
          "404": {"$ref": "#/components/responses/Problem"},
          "421": {"$ref": "#/components/responses/Problem"}
        }
      }
    },
    "/v1/leads/{id}/why": {
      "get": {
        "operationId": "getWhy",
        "summary": "Why the lead gets no touch now, what would have to change, what comes next, what happened and why",
        "description": "Every rule that stands between the lead and its next step at this instant, with the facts it used and its file and line; what is written down next if no event comes; the newest 200 ledger records. Where no event has named the lead, the path is read as that of GET /v1/leads/{id}, with an id that ends in /why.",
        "security": [{"bearer": ["operate"]}, {"bearer": ["legal-read"]}],
        "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string", "maxLength": 256}}],
        "responses": {
          "200": {"description": "The explanation", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Why"}}}},
          "401": {"$ref": "#/components/responses/Problem"},
          "403": {"$ref": "#/components/responses/Problem"},
          "404": {"$ref": "#/components/responses/Problem"},
          "421": {"$ref": "#/components/responses/Problem"}
        }
      }
    },
    "/v1/ledger": {
      "get": {
        "operationId": "getLedger",
        "summary": "Ledger records, one JSON object a line",
        "security": [{"bearer": ["operate"]}, {"bearer": ["legal-read"]}],
        "parameters": [
          {"name": "from", "in": "query", "description": "The first sequence number", "schema": {"type": "integer", "minimum": 0, "default": 0}},
          {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 10000, "default": 1000}}
        ],
        "responses": {
          "200": {"description": "Records", "content": {"application/jsonl": {"schema": {"type": "string"}}}},
          "400": {"$ref": "#/components/responses/Problem"},
          "401": {"$ref": "#/components/responses/Problem"},
          "403": {"$ref": "#/components/responses/Problem"},
          "421": {"$ref": "#/components/responses/Problem"}
        }
      }
    },
    "/v1/playbooks": {
      "get": {
        "operationId": "getPlaybooks",
        "summary": "The playbooks in force, and how many leads are enrolled in each",
        "description": "Counts by reading every lead: not for a page that refreshes itself.",
        "security": [{"bearer": ["operate"]}, {"bearer": ["author"]}],
        "responses": {
          "200": {"description": "The playbooks", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Playbooks"}}}},
          "401": {"$ref": "#/components/responses/Problem"},
          "403": {"$ref": "#/components/responses/Problem"},
          "421": {"$ref": "#/components/responses/Problem"},
          "503": {"$ref": "#/components/responses/Problem"}
        }
      },
      "post": {
        "operationId": "publishPlaybooks",
        "summary": "Publish the daemon's folder of playbooks",
        "description": "Reads the folder of the configuration again and publishes all of it, or nothing when it has findings. Answers when every lead has followed, with what became of the leads in flight. Repeating it is safe.",
        "security": [{"bearer": ["author"]}],
        "requestBody": {
          "required": false,
          "content": {"application/json": {"schema": {
            "type": "object",
            "properties": {
              "by": {"type": "string", "maxLength": 200, "description": "Who publishes, for the ledger; the holder of the token comes before it"},
              "revisions": {"type": "array", "items": {"type": "string"}, "description": "Publish only if the folder holds exactly these"}
            }
          }}}
        },
        "responses": {
          "200": {"description": "Published", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/PublishReport"}}}},
          "400": {"$ref": "#/components/responses/Problem"},
          "401": {"$ref": "#/components/responses/Problem"},
          "403": {"$ref": "#/components/responses/Problem"},
          "409": {"$ref": "#/components/responses/Problem"},
          "413": {"$ref": "#/components/responses/Problem"},
          "421": {"$ref": "#/components/responses/Problem"},
          "422": {"$ref": "#/components/responses/Problem"},
          "503": {"$ref": "#/components/responses/Problem"}
        }
      }
    },
    "/v1/playbooks/preview": {
      "post": {
        "operationId": "previewPlaybooks",
        "summary": "What publishing other playbooks would do to the leads in flight; changes nothing",
        "security": [{"bearer": ["author"]}],
        "requestBody": {
          "required": true,
          "content": {"application/json": {"schema": {
            "type": "object",
            "required": ["playbooks"],
            "properties": {"playbooks": {"type": "array", "items": {"type": "string"}, "description": "Canonical forms, as relance diff makes them"}}
          }}}
        },
        "responses": {
          "200": {"description": "What it would do", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/PublishReport"}}}},
          "400": {"$ref": "#/components/responses/Problem"},
          "401": {"$ref": "#/components/responses/Problem"},
          "403": {"$ref": "#/components/responses/Problem"},
          "413": {"$ref": "#/components/responses/Problem"},
          "421": {"$ref": "#/components/responses/Problem"},
          "422": {"$ref": "#/components/responses/Problem"},
          "503": {"$ref": "#/components/responses/Problem"}
        }
      }
    },
    "/v1/halt": {
      "get": {
        "operationId": "getHalts",
        "summary": "What is halted, and which guardrails have tripped",
        "security": [{"bearer": ["operate"]}, {"bearer": ["author"]}],
        "responses": {
          "200": {"description": "Halts and guardrails", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Halts"}}}},
          "401": {"$ref": "#/components/responses/Problem"},
          "403": {"$ref": "#/components/responses/Problem"},
          "421": {"$ref": "#/components/responses/Problem"},
          "503": {"$ref": "#/components/responses/Problem"}
        }
      },
      "post": {
        "operationId": "halt",
        "summary": "Halt a playbook, a channel, or everything",
        "description": "No touch of it goes out from the answer on, until it is resumed; calls of connectors under way end as they end, escalations and cancels do not wait. Repeating it is safe.",
        "security": [{"bearer": ["operate"]}],
        "requestBody": {
          "required": true,
          "content": {"application/json": {"schema": {"$ref": "#/components/schemas/HaltOrder"}}}
        },
        "responses": {
          "200": {"description": "It is durable; `changed` is false when it was so already", "content": {"application/json": {"schema": {
            "type": "object", "required": ["changed"], "properties": {"changed": {"type": "boolean"}}}}}},
          "400": {"$ref": "#/components/responses/Problem"},
          "401": {"$ref": "#/components/responses/Problem"},
          "403": {"$ref": "#/components/responses/Problem"},
          "404": {"$ref": "#/components/responses/Problem"},
          "413": {"$ref": "#/components/responses/Problem"},
          "421": {"$ref": "#/components/responses/Problem"},
          "503": {"$ref": "#/components/responses/Problem"}
        }
      }
    },
    "/v1/resume": {
      "post": {
        "operationId": "resume",
        "summary": "End a halt",
        "description": "Ends the halt of exactly that scope and asks again what it held. Of a playbook it also acknowledges the guardrails that tripped.",
        "security": [{"bearer": ["operate"]}],
        "requestBody": {
          "required": true,
          "content": {"application/json": {"schema": {"$ref": "#/components/schemas/HaltOrder"}}}
        },
        "responses": {
          "200": {"description": "It is durable; `changed` is false when it was so already", "content": {"application/json": {"schema": {
            "type": "object", "required": ["changed"], "properties": {"changed": {"type": "boolean"}}}}}},
          "400": {"$ref": "#/components/responses/Problem"},
          "401": {"$ref": "#/components/responses/Problem"},
          "403": {"$ref": "#/components/responses/Problem"},
          "404": {"$ref": "#/components/responses/Problem"},
          "413": {"$ref": "#/components/responses/Problem"},
          "421": {"$ref": "#/components/responses/Problem"},
          "503": {"$ref": "#/components/responses/Problem"}
        }
      }
    },
    "/v1/parked": {
      "get": {
        "operationId": "getParked",
        "summary": "Actions whose outcome nobody knows, oldest first, for a person to decide",
        "security": [{"bearer": ["operate"]}, {"bearer": ["legal-read"]}],
        "parameters": [{"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 10000, "default": 1000}}],
        "responses": {
          "200": {"description": "The actions", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Parked"}}}},
          "400": {"$ref": "#/components/responses/Problem"},
          "401": {"$ref": "#/components/responses/Problem"},
          "403": {"$ref": "#/components/responses/Problem"},
          "421": {"$ref": "#/components/responses/Problem"},
          "503": {"$ref": "#/components/responses/Problem"}
        }
      }
    },
    "/v1/parked/{action}": {
      "post": {
        "operationId": "releaseParked",
        "summary": "Decide about an action whose outcome nobody knows",
        "description": "delivered: it happened, nothing more goes out. resend: it did not happen; the gate is asked again and the same action (same id, same Message-ID) is sent anew. drop: it is not sent again, whatever happened, and the touch still counts. Written to the ledger with who and why; 200 means that it is durable. 409: the gate would not let it out, so it stays parked.",
        "security": [{"bearer": ["operate"]}],
        "parameters": [{"name": "action", "in": "path", "required": true, "schema": {"type": "string", "maxLength": 256}}],
        "requestBody": {
          "required": true,
          "content": {"application/json": {"schema": {
            "type": "object",
            "required": ["decision", "reason"],
            "properties": {
              "decision": {"enum": ["delivered", "resend", "drop"]},
              "by": {"type": "string", "maxLength": 200, "description": "Who decides, for the ledger; the holder of the token comes before it, and without tokens it is required"},
              "reason": {"type": "string", "minLength": 1, "maxLength": 200, "description": "Why, for the ledger's reader; without addresses"}
            }
          }}}
        },
        "responses": {
          "200": {"description": "Durable", "content": {"application/json": {"schema": {"type": "object"}}}},
          "400": {"$ref": "#/components/responses/Problem"},
          "401": {"$ref": "#/components/responses/Problem"},
          "403": {"$ref": "#/components/responses/Problem"},
          "404": {"$ref": "#/components/responses/Problem"},
          "409": {"$ref": "#/components/responses/Problem"},
          "413": {"$ref": "#/components/responses/Problem"},
          "421": {"$ref": "#/components/responses/Problem"},
          "503": {"$ref": "#/components/responses/Problem"}
        }
      }
    },
    "/u/{token}": {
      "parameters": [{"name": "token", "in": "path", "required": true, "schema": {"type": "string"}}],
      "get": {
        "operationId": "showUnsubscribe",
        "summary": "The form behind an opt-out link; changes nothing",
        "security": [],
        "responses": {
          "200": {"description": "The form", "content": {"text/html": {"schema": {"type": "string"}}}},
          "404": {"description": "No valid link", "content": {"text/html": {"schema": {"type": "string"}}}}
        }
      },
      "post": {
        "operationId": "unsubscribe",
        "summary": "One-click opt-out (RFC 8058)",
        "description": "Takes any body or none. 200 means that the opt-out is durable. Repeating it changes nothing.",
        "security": [],
        "requestBody": {
          "required": false,
          "content": {
            "application/x-www-form-urlencoded": {"schema": {"type": "object"}},
            "multipart/form-data": {"schema": {"type": "object"}}
          }
        },
        "responses": {
          "200": {"description": "Done", "content": {"text/html": {"schema": {"type": "string"}}}},
          "404": {"description": "No valid link", "content": {"text/html": {"schema": {"type": "string"}}}},
          "500": {"description": "Not recorded; repeat it", "content": {"text/html": {"schema": {"type": "string"}}}},
          "503": {"description": "Not recorded; repeat it", "content": {"text/html": {"schema": {"type": "string"}}}}
        }
      }
    },
    "/metrics": {
      "get": {
        "operationId": "getMetrics",
        "summary": "Metrics in Prometheus' text format",
        "security": [],
        "responses": {"200": {"description": "Metrics", "content": {"text/plain": {"schema": {"type": "string"}}}}}
      }
    },
    "/healthz": {
      "get": {
        "operationId": "getHealth",
        "summary": "The process lives",
        "security": [],
        "responses": {"200": {"description": "It does", "content": {"application/json": {"schema": {"type": "object"}}}}}
      }
    },
    "/readyz": {
      "get": {
        "operationId": "getReadiness",
        "summary": "The engine takes events",
        "security": [],
        "responses": {
          "200": {"description": "It does", "content": {"application/json": {"schema": {"type": "object"}}}},
          "503": {"$ref": "#/components/responses/Problem"}
        }
      }
    },
    "/openapi.json": {
      "get": {
        "operationId": "getOpenApi",
        "summary": "This document",
        "security": [],
        "responses": {"200": {"description": "OpenAPI 3.1", "content": {"application/json": {"schema": {"type": "object"}}}}}
      }
    }
  },
  "components": {
    "securitySchemes": {
      "bearer": {"type": "http", "scheme": "bearer", "description": "Scopes: ingest, operate, author, legal-read, dpo, admin. admin includes all others."}
    },
    "responses": {
      "Problem": {"description": "Why not", "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}},
      "Unusable": {"description": "Nothing in it can be used; it is kept as a dead letter", "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}},
      "Busy": {
        "description": "Not now; nothing was taken",
        "headers": {"Retry-After": {"description": "Seconds", "schema": {"type": "integer"}}},
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
      }
    },
    "schemas": {
      "Parked": {
        "type": "object",
        "required": ["total", "parked"],
        "properties": {
          "total": {"type": "integer"},
          "parked": {
            "type": "array",
            "items": {
              "type": "object",
              "required": ["action", "kind", "lead", "created", "due", "attempts"],
              "properties": {
                "action": {"type": "string"},
                "kind": {"enum": ["email", "call", "social", "sms", "task", "reschedule", "escalate", "cancel"]},
                "lead": {"type": "string"},
                "playbook": {"type": "string"},
                "step": {"type": "string"},
                "channel": {"type": "string"},
                "created": {"type": "string", "format": "date-time"},
                "due": {"type": "string", "format": "date-time"},
                "not_after": {"type": "string", "format": "date-time", "description": "After this the gate lets it out no more"},
                "attempts": {"type": "integer"},
                "parked_at": {"type": "string", "format": "date-time"},
                "because": {"type": "string", "description": "What the last attempt said"}
              }
            }
          }
        }
      },
      "HaltOrder": {
        "type": "object",
        "required": ["reason"],
        "oneOf": [{"required": ["playbook"]}, {"required": ["channel"]}, {"required": ["all"]}],
        "properties": {
          "playbook": {"type": "string", "description": "Id of a playbook"},
          "channel": {"type": "string", "enum": ["email", "call", "social", "sms", "task", "meeting"]},
          "all": {"type": "boolean", "const": true},
          "by": {"type": "string", "maxLength": 200, "description": "Who asks, for the ledger; the holder of the token comes before it"},
          "reason": {"type": "string", "minLength": 1, "maxLength": 200, "description": "Why, for the ledger; names no person"}
        }
      },
      "Halts": {
        "type": "object",
        "required": ["halts", "guardrails"],
        "properties": {
          "halts": {
            "type": "array",
            "items": {
              "type": "object",
              "required": ["since", "by", "reason"],
              "properties": {
                "playbook": {"type": "string"},
                "channel": {"type": "string"},
                "all": {"type": "boolean"},
                "since": {"type": "string", "format": "date-time"},
                "by": {"type": "string"},
                "reason": {"type": "string"}
              }
            }
          },
          "guardrails": {
            "type": "array",
            "items": {
              "type": "object",
              "required": ["playbook", "metric", "since"],
              "properties": {
                "playbook": {"type": "string"},
                "metric": {"type": "string"},
                "do": {"type": "string", "enum": ["halve_caps", "pause"]},
                "flag": {"type": "string"},
                "since": {"type": "string", "format": "date-time"}
              }
            }
          }
        }
      },
      "Event": {
        "type": "object",
        "required": ["specversion", "id", "source", "type", "subject"],
        "properties": {
          "specversion": {"const": "1.0"},
          "id": {"type": "string", "minLength": 1, "maxLength": 256},
          "source": {"type": "string", "minLength": 1, "maxLength": 256},
          "type": {"type": "string"},
          "subject": {"type": "string", "minLength": 1, "maxLength": 256, "description": "The lead's id"},
          "partitionkey": {"type": "string", "minLength": 1, "maxLength": 256, "description": "The account"},
          "time": {"type": "string", "format": "date-time"},
          "datacontenttype": {"type": "string"},
          "data": {"type": "object"},
          "data_base64": {"type": "string", "contentEncoding": "base64"}
        }
      },
      "Accepted": {
        "type": "object",
        "required": ["accepted", "dead_letters"],
        "properties": {
          "accepted": {"type": "integer"},
          "dead_letters": {
            "type": "array",
            "items": {"type": "object", "required": ["index", "reason"], "properties": {"index": {"type": "integer"}, "reason": {"type": "string"}}}
          }
        }
      },
      "Why": {
        "type": "object",
        "required": ["lead", "subject", "now", "zone", "local_now", "state", "touch_now", "obstacles", "waiting", "next", "happened"],
        "properties": {
          "lead": {"type": "string"},
          "subject": {"type": "string"},
          "account": {"type": "string"},
          "now": {"type": "string", "format": "date-time", "description": "The engine's clock"},
          "zone": {"type": "string", "description": "The lead's time zone: of every member whose name begins with local"},
          "local_now": {"type": "string"},
          "state": {"type": "string", "description": "One sentence"},
          "touch_now": {"type": "boolean", "description": "Nothing stands in the way of the open step"},
          "enrollment": {"type": "object", "description": "playbook, revision, place, variant, arm, enrolled_at, anchor, window_end, touches, min, max, first_touch_due, release_at, unknown (attributes that the qualification asks for and the lead lacks)"},
          "interrupted": {"type": "string", "description": "The playbook that waits for the end of this one"},
          "step": {"type": "object", "description": "The open step: step, channel, due, asked_at, was_asked, place"},
          "obstacles": {
            "type": "array",
            "description": "Everything that speaks now, in the order in which it is asked",
            "items": {
              "type": "object",
              "required": ["rule", "effect", "why", "change"],
              "properties": {
                "rule": {"type": "string", "description": "A rule id, or qualification:<reason>, not_enrolled, merged, no_open_step, not_due, asked_later"},
                "effect": {"enum": ["waits", "held", "withheld", "skipped", "ended"]},
                "until": {"type": "string", "format": "date-time"},
                "since": {"type": "string", "format": "date-time"},
                "intake": {"type": "string", "description": "Of an opt-out"},
                "event": {"type": "string", "description": "The id of the event that caused it"},
                "deferred_by": {"type": "string", "description": "asked_later: the rule"},
                "why": {"type": "string", "description": "The facts, as a sentence"},
                "change": {"type": "string", "description": "What would have to change, as a sentence"},
                "place": {"type": "string", "description": "File and line of the rule; absent when the files no longer hold that revision"},
                "counted": {"type": "array", "items": {"type": "object"}, "description": "Of a cap: at, and channel, playbook and step unless it is another lead's touch"}
              }
            }
          },
          "waiting": {"type": "array", "items": {"type": "object"}, "description": "Touches that were decided and not handed over, with what the gate's second asking says"},
          "schedules": {"type": "array", "items": {"type": "object"}, "description": "Absent when there are none: playbook, next and local of each schedule's next occurrence, which enrolls the lead if the playbook's condition holds then and nothing blocks"},
          "next": {"type": "array", "items": {"type": "object"}, "description": "The ledger records to come if no event comes, up to the next touch"},
          "happened": {"type": "array", "items": {"type": "object"}, "description": "Ledger records, oldest first, with local, and place, facts and counted of deferrals and refusals"}
        }
      },
      "Playbooks": {
        "type": "object",
        "required": ["playbooks"],
        "properties": {
          "playbooks": {
            "type": "array",
            "items": {
              "type": "object",
              "required": ["id", "title", "priority", "revision", "in_flight", "enrolled", "enrolled_under_older"],
              "properties": {
                "id": {"type": "string"},
                "title": {"type": "string"},
                "priority": {"type": "integer"},
                "revision": {"type": "string"},
                "in_flight": {"enum": ["pin", "migrate", "end"]},
                "enrolled": {"type": "integer", "description": "Leads, whatever the revision"},
                "enrolled_under_older": {"type": "integer", "description": "Of them, under an older revision"}
              }
            }
          }
        }
      },
      "PublishReport": {
        "type": "object",
        "required": ["playbooks"],
        "properties": {
          "playbooks": {
            "type": "array",
            "items": {
              "type": "object",
              "required": ["playbook", "change", "leads"],
              "properties": {
                "playbook": {"type": "string"},
                "change": {"enum": ["same", "changed", "new", "gone"]},
                "keys": {"type": "array", "items": {"type": "string"}, "description": "changed: which top-level keys"},
                "in_flight": {"enum": ["pin", "migrate", "end"]},
                "leads": {
                  "type": "object",
                  "description": "Leads in flight: left as they are, pinned to an older revision, migrated (and of them, how many lose the step that was next), ended",
                  "required": ["current", "pinned", "migrated", "lose_open_step", "ended"],
                  "properties": {
                    "current": {"type": "integer"},
                    "pinned": {"type": "integer"},
                    "migrated": {"type": "integer"},
                    "lose_open_step": {"type": "integer"},
                    "ended": {"type": "integer"}
                  }
                }
              }
            }
          }
        }
      },
      "Problem": {
        "type": "object",
        "required": ["type", "title", "status", "detail", "code"],
        "properties": {
          "type": {"type": "string"},
          "title": {"type": "string"},
          "status": {"type": "integer"},
          "detail": {"type": "string"},
          "code": {"type": "string"},
          "findings": {"type": "array", "items": {"type": "string"}, "description": "What is wrong in playbooks, each with its place"}
        }
      }
    }
  }
}
)json";

}  // namespace

std::string_view openapi_document() { return kDocument; }

}  // namespace relance::engine
