-- What is left to do on an answer in JSON.
--
-- The transcoder leaves gRPC's headers on it, cannot do `response_body`, and refuses in words of
-- its own; a service may choose a 201 or a 204.

local function replace_body(handle, text)
  handle:body(true):setBytes(text)
  handle:headers():replace("content-length", tostring(#text))
end

local function text_of(handle)
  local body = handle:body(true)
  return tostring(body:getBytes(0, body:length()))
end

local function unwrap(handle, field)
  local inner = text_of(handle):match('^%s*{%s*"' .. field .. '"%s*:(.*)}%s*$')
  if inner then replace_body(handle, inner) end
end

local function set_status(handle, code)
  handle:headers():replace(":status", code)
  handle:headers():remove("x-http-code")
  if code == "204" then
    handle:headers():remove("content-type")
    replace_body(handle, "")
    handle:headers():remove("content-length")
  end
end

-- Where the body has a list and no field of that name is one.
local function wrong_list(handle)
  local found = handle:streamInfo():dynamicMetadata():get(SEGUE)
  return found and found[WRONG_LIST]
end

function envoy_on_response(handle)
  local headers = handle:headers()
  local kind = headers:get("content-type") or ""
  if kind:sub(1, 16) == "application/grpc" then return end
  headers:remove("grpc-status")
  headers:remove("grpc-message")
  headers:remove("grpc-accept-encoding")
  headers:remove("grpc-retry-pushback-ms")
  if headers:get(REFUSED_BY_TRANSCODER) then
    headers:remove(REFUSED_BY_TRANSCODER)
    replace_body(handle, refusal(text_of(handle), wrong_list(handle)))
    return
  end
  local field = handle:metadata():get(RESPONSE_BODY)
  if field and headers:get(":status") == "200" and kind:sub(1, 16) == "application/json" then
    unwrap(handle, field)
  end
  local code = handle:headers():get("x-http-code")
  if code then set_status(handle, code) end
end
