-- Runs a script of Envoy's Lua filter in a plain LuaJIT, with those parts of Envoy's stream handle that Serin's script uses, as Envoy documents them.
-- Reads the script from the first line, in hexadecimal, then a request a line, each word in hexadecimal: door, address, then names and values of headers; answers with what the script did.
local bytes_of, codes_of = {}, {}
for i = 0, 255 do
  local code = string.format("%02x", i)
  bytes_of[code], codes_of[string.char(i)] = string.char(i), code
end

local function text(word)
  return (string.gsub(word, "%x%x", bytes_of))
end

local function hex(bytes)
  return (string.gsub(bytes, ".", codes_of))
end

local function headers_of(pairs_, said)
  return {
    -- A change of headers makes Envoy choose the route anew.
    remove = function(_, name)
      said.cleared = "1"
      for i = #pairs_, 1, -1 do if pairs_[i][1] == string.lower(name) then table.remove(pairs_, i) end end
    end,
    replace = function(self, name, value)
      self:remove(name)
      pairs_[#pairs_ + 1] = { name, value }
      said.sent = true
    end,
    getNumValues = function(_, name)
      local count = 0
      for _, pair in ipairs(pairs_) do if pair[1] == string.lower(name) then count = count + 1 end end
      return count
    end,
    getAtIndex = function(_, name, index)
      for _, pair in ipairs(pairs_) do
        if pair[1] == string.lower(name) then
          -- An empty value is no value there.
          if index == 0 then return pair[2] ~= "" and pair[2] or nil end
          index = index - 1
        end
      end
    end,
    get = function(_, name)
      for _, pair in ipairs(pairs_) do if pair[1] == string.lower(name) then return pair[2] end end
    end,
  }
end

local function handle_of(door, address, pairs_, said)
  local metadata = { serin = door ~= "" and { door = door } or nil }
  return {
    headers = function() return headers_of(pairs_, said) end,
    streamInfo = function()
      return {
        downstreamDirectRemoteAddress = function() return address end,
        dynamicMetadata = function()
          return {
            get = function(_, name) return metadata[name] end,
            set = function(_, name, key, value)
              assert(name == "serin" and type(value) == "string")
              assert(not string.find(value, "[\128-\255%c]"), "metadata that is no plain text")
              metadata[name] = metadata[name] or {}
              metadata[name][key] = value
              said[key] = value
            end,
          }
        end,
      }
    end,
    -- Envoy has it since 1.31; a script may say that it wants one without.
    clearRouteCache = not old_envoy and function() said.cleared = "1" end or nil,
    -- Nothing of a script runs after its answer.
    respond = function(_, headers, body)
      said.status, said.body = headers[":status"], body
      coroutine.yield()
    end,
  }
end

assert(loadstring(text(io.read()), "script"))()
for line in io.lines() do
  local words = {}
  -- A word in brackets may be empty.
  for word in string.gmatch(line, "%[(%x*)%]") do words[#words + 1] = text(word) end
  local pairs_, said = {}, {}
  for i = 3, #words, 2 do pairs_[#pairs_ + 1] = { words[i], words[i + 1] } end
  local routine = coroutine.create(envoy_on_request)
  local fine, problem = coroutine.resume(routine, handle_of(words[1], words[2], pairs_, said))
  if not fine then said.problem = tostring(problem) end
  if said.sent then
    local sent = {}
    for i, pair in ipairs(pairs_) do sent[i] = pair[1] .. ": " .. pair[2] end
    said.sent = table.concat(sent, "\n")
  end
  local parts = {}
  for key, value in pairs(said) do parts[#parts + 1] = key .. "=" .. hex(value) end
  io.write(table.concat(parts, " "), "\n")
  io.flush()
end
