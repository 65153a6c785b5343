-- Calls of the Connect protocol on their way in.

local function refuse(handle, field, fault)
  local metadata = handle:streamInfo():dynamicMetadata()
  metadata:set(SEGUE, CONNECT_FIELD, field)
  metadata:set(SEGUE, CONNECT_FAULT, fault)
  handle:respond({ [":status"] = "415" }, "")
end

-- Marks the call for its answer, and for what the edge says itself; whether it may go on.
function begin_connect(handle)
  local headers = handle:headers()
  take_as_plain(handle)
  local kind = headers:get("content-type") or ""
  local streams = kind:sub(1, 20) == "application/connect+"
  headers:replace(CONNECT, streams and "stream" or "unary")
  handle:streamInfo():dynamicMetadata():set(SEGUE, CONNECT, streams and "stream" or "unary")
  if streams and kind:sub(1, 25) ~= "application/connect+proto" then
    refuse(handle, "content-type", "must be application/connect+proto: no stream is in JSON here")
    return false
  end
  local packed = headers:get("content-encoding") or "identity"
  if packed ~= "identity" then
    refuse(handle, "content-encoding", "must be identity: send the message as it is")
    return false
  end
  if kind:sub(1, 16) == "application/json" then
    -- The bridge does so for the others.
    local limit = headers:get("connect-timeout-ms")
    if limit and limit:match("^%d%d?%d?%d?%d?%d?%d?%d?$") then
      headers:replace("grpc-timeout", limit .. "m")
    end
  elseif not streams then
    headers:replace("connect-protocol-version", "1")
  end
  return true
end
