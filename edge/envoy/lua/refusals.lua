-- The transcoder's refusals in the words of the errors contract.
--
-- Its words name Envoy's types and repeat what was sent. From them a refusal takes the field alone,
-- and says what belongs there.

local MUST_BE = {
  TYPE_STRING = "must be a text",
  TYPE_BOOL = "must be true or false",
  TYPE_INT32 = "must be a whole number of 32 bits",
  TYPE_UINT32 = "must be a whole number of 32 bits, not below 0",
  TYPE_INT64 = "must be a whole number of 64 bits",
  TYPE_UINT64 = "must be a whole number of 64 bits, not below 0",
  TYPE_FLOAT = "must be a number",
  TYPE_DOUBLE = "must be a number",
  TYPE_BYTES = "must be bytes in base64",
  ["google.protobuf.Duration"] = 'must be a length of time such as "1.5s"',
  ["google.protobuf.Timestamp"] = 'must be a time such as "2026-11-30T12:00:00Z"',
}

local function must_be(type)
  local name = type:match("^type%.googleapis%.com/(.*)$") or type
  return MUST_BE[name] or ENUMS[name] or "must be an object"
end

-- The field that `words` are about, what is wrong with it, and the type that it was looked for in.
local function field_and_fault(words, wrong_list)
  local field, type = words:match('^Could not find field "(.*)" in the type "([%w_.]+)"')
  if field then return field, "is no field of this call", type end
  local parent, name = words:match(
    "^([^:]*): invalid value Starting an object on a scalar field for type ([%w_]+)$")
  if parent then
    local repeated = parent == name or parent:sub(-#name - 1) == "." .. name
    if parent ~= "" and not repeated then name = parent .. "." .. name end
    return repeated and parent or name, "is no object"
  end
  field, type = words:match("^([^:]+): invalid value .* for type (%S+)$")
  -- It counts the items of a list wrongly.
  if field then return field:gsub("%[%d+%]", ""), must_be(type) end
  field = words:match('^Encountered a non%-leaf field "(.*)" that is not a message')
  if field then return field, "has no fields of its own" end
  if words:find("cannot start list", 1, true) then
    return wrong_list or "body", wrong_list and "is no list" or "has a list where none belongs"
  end
  if words:find("Root element must be", 1, true) then return "body", "must be a JSON object" end
  if words:find("too deep", 1, true) then return "body", "is nested too deeply" end
  return "body", "is not JSON"
end

local function quoted(text)
  local escaped = text:gsub('[%c"\\\127]', function(c) return ("\\u%04x"):format(c:byte()) end)
  return '"' .. escaped .. '"'
end

-- The field that the transcoder refused, what is wrong with it, and what it is called now.
local function refused_field(words, wrong_list)
  local field, fault, type = field_and_fault(words, wrong_list)
  field = field:sub(1, 200)
  local renamed_to = type and RENAMED[type .. "." .. field]
  return field, renamed_to and "is now called " .. renamed_to or fault, renamed_to
end

-- The google.rpc.Status for what the transcoder said.
local function refusal(words, wrong_list)
  local field, fault, renamed_to = refused_field(words, wrong_list)
  local metadata = '{"field":' .. quoted(field)
  if renamed_to then metadata = metadata .. ',"renamed_to":' .. quoted(renamed_to) end
  return '{"code":3,"message":' .. quoted(field .. ": " .. fault) .. ',"details":['
    .. '{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"INVALID_FIELD",'
    .. '"domain":"segue","metadata":' .. metadata .. "}},"
    .. '{"@type":"type.googleapis.com/google.rpc.BadRequest","field_violations":[{"field":'
    .. quoted(field) .. ',"description":' .. quoted(fault) .. ',"reason":""}]}]}'
end
