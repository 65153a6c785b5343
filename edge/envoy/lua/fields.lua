-- Which fields a JSON body names, so that the service can refuse those that no message has: the
-- transcoder drops them.
--
-- Reads as leniently as the transcoder does (single quotes, keys without quotes); what that
-- refuses may be read in any way. A path is told once, whichever items of lists have it.

local byte, find, sub = string.byte, string.find, string.sub

local function encoded(c)
  return ("%%%02X"):format(byte(c))
end

-- A key as a part of a path: no field has other characters, or is as long.
local function segment(key)
  if find(key, "\\", 1, true) then
    key = key:gsub("\\u00(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end)
  end
  return (sub(key, 1, MAX_NAME):gsub("[^%w_]", encoded))
end

-- The quote that ends the text which begins at `from`; `escape` is where the next backslash stands.
local function end_of_text(text, from, quote, escape)
  local close = find(text, quote, from + 1, true)
  while close do
    if escape and escape <= from then escape = find(text, "\\", from + 1, true) end
    if not escape or escape > close then return close, escape or #text + 1 end
    from = escape + 1
    if from >= close then close = find(text, quote, from + 1, true) end
  end
end

-- What is read of each key is bounded, since one worker reads for many: the names below a name are
-- kept under it, so that a key which is met again is looked up and no path is made anew.

-- The paths in the order of the body, as one text; nil: none, or no JSON; "*": more than any call
-- knows. The second: the first list whose name no list has.
local function paths_of(text)
  local seen, paths, count, size, keys = {}, {}, 0, 0, 0
  local depth, objects, lists = 0, {}, {}
  local root = { path = "", name = "", inner = {} }
  local here, expects_key, wrong_list, escape = root, false, nil, 0
  local i, length = 1, #text

  local function add(outer, key)
    local name = segment(key)
    local path = outer == root and name or outer.path .. "." .. name
    -- The same name spelled another way is counted, too.
    count, size = count + 1, size + #path + 1
    if not seen[path] then
      seen[path] = true
      paths[#paths + 1] = path
    end
    return { path = path, name = name, inner = {} }
  end

  local function meet(key)
    local outer = objects[depth]
    keys = keys + 1
    here = outer.inner[key]
    if not here then
      here = add(outer, key)
      outer.inner[key] = here
    end
    expects_key = false
  end

  while i <= length do
    local c = byte(text, i)
    if c == 34 or c == 39 then
      local close
      close, escape = end_of_text(text, i, c == 34 and '"' or "'", escape)
      if not close then return nil, wrong_list end
      if expects_key then meet(sub(text, i + 1, close - 1)) end
      i = close
    elseif c == 123 then
      depth = depth + 1
      objects[depth] = here
      expects_key = true
    elseif c == 91 then
      depth = depth + 1
      objects[depth], lists[depth] = false, here
      expects_key = false
      if here ~= root and not LISTS[here.name] then wrong_list = wrong_list or here.path end
    elseif c == 125 or c == 93 then
      depth, expects_key = depth - 1, false
      if depth <= 0 then break end
    elseif c == 44 then
      expects_key = objects[depth] and true or false
      if not expects_key then here = lists[depth] or root end
    elseif expects_key and c > 32 then
      local _, last = find(text, "^[%w_$]+", i)
      if not last then return nil, wrong_list end
      meet(sub(text, i, last))
      i = last
    end
    if depth > MAX_DEPTH then return nil, wrong_list end
    if count > MAX_PATHS or size > MAX_BYTES or keys > MAX_KEYS then return "*", wrong_list end
    i = i + 1
  end
  return count > 0 and table.concat(paths, ",") or nil, wrong_list
end

function tell_fields(handle, whole)
  local body = handle:body()
  if not body then return end
  local paths, wrong_list = paths_of(tostring(body:getBytes(0, body:length())))
  if paths then handle:headers():replace(JSON_FIELDS, whole .. paths) end
  if wrong_list then handle:streamInfo():dynamicMetadata():set(SEGUE, WRONG_LIST, wrong_list) end
end
