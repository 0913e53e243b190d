-- Decides which version answers a request, as Serin's gateway does: rules, the override header, the hash.
-- `../proxy/request.lua` stands before it, and reads.
-- The table is a map, so that the runtime API changes it with the next request; `split` is looked up each time, and the rest is read when it changes.
-- It names its fields as `table-map.ts` writes them.
local map = Map.new(os.getenv("SERIN_MAP"), Map._str)
local unpack = string.unpack
local mask, multiplier = 0xffffffff, 0x5bd1e995

-- 32-bit MurmurHash2 with seed 0, the function behind nginx's split_clients.
local function murmur2(bytes)
  local length = #bytes
  local hash, at = length, 1
  while at + 3 <= length do
    local word = (unpack("<I4", bytes, at) * multiplier) & mask
    word = word ~ (word >> 24)
    hash = ((hash * multiplier) & mask) ~ ((word * multiplier) & mask)
    at = at + 4
  end
  if at <= length then
    local tail = 0
    for i = length, at, -1 do tail = (tail << 8) | byte(bytes, i) end
    hash = ((hash ~ tail) * multiplier) & mask
  end
  hash = hash ~ (hash >> 13)
  hash = (hash * multiplier) & mask
  return hash ~ (hash >> 15)
end

local function bytes_of(txn, name)
  local count = txn.f:req_fhdr_cnt(name)
  if count == 0 then return nil end
  local value = txn.f:req_fhdr(name, 1) or ""
  for i = 2, count do value = value .. ", " .. (txn.f:req_fhdr(name, i) or "") end
  return value
end

local function header_of(txn, name)
  return text_of(bytes_of(txn, name))
end

local readers = {
  header = function(name) return function(txn) return header_of(txn, name) end end,
  cookie = function(name) return function(txn) return cookie_in(header_of(txn, "cookie") or "", name) end end,
  query = function(name) return function(txn) return query_in(txn.f:pathq() or "", name) end end,
  address = function() return function(_, client) return client end end,
  path = function() return function(txn) return path_in(txn.f:pathq() or "") end end,
}

local function reader(word)
  local kind, name = string.match(word, "^(%a+):?(.*)$")
  return readers[kind]((unescaped(name)))
end

local tests = {
  present = function(values) return function(value) return (value ~= nil) == (values[1] == "1") end end,
  prefix = function(values)
    return function(value) return value ~= nil and sub(value, 1, #values[1]) == values[1] end
  end,
  contains = function(values)
    return function(value) return value ~= nil and find(value, values[1], 1, true) ~= nil end
  end,
  ["in"] = function(values)
    local known = {}
    for _, each in ipairs(values) do known[each] = true end
    return function(value) return value ~= nil and known[value] == true end
  end,
}

local function words(text)
  local found = {}
  for word in string.gmatch(text or "", "[^%s,]+") do found[#found + 1] = word end
  return found
end

-- `=text` is a text, `-` is none.
local function told(word)
  if sub(word, 1, 1) ~= "=" then return nil end
  return (unescaped(sub(word, 2)))
end

local function condition(key)
  local source, kind, count = table.unpack(words(map:lookup(key)))
  local values = {}
  for i = 0, tonumber(count) - 1 do values[i + 1] = told(map:lookup(key .. "." .. i)) end
  return { read = reader(source), fits = tests[kind](values) }
end

local function rules_of(stable, canary)
  local rules = {}
  while true do
    local key = "r" .. #rules
    local to, count = table.unpack(words(map:lookup(key)))
    if to == nil then return rules end
    local conditions = {}
    for i = 0, tonumber(count) - 1 do conditions[i + 1] = condition(key .. "." .. i) end
    rules[#rules + 1] = { version = to == "canary" and (canary or stable) or stable, conditions = conditions }
  end
end

-- `-` is a list without a word.
local function words_of(key)
  local list = words(map:lookup(key))
  return list[1] == "-" and {} or list
end

local function readers_of(key)
  local list = {}
  for i, word in ipairs(words_of(key)) do list[i] = reader(word) end
  return list
end

-- The split names a control plane and a revision that no other table has: with it everything else is read anew.
local function compile(split)
  local parts = words(split)
  local epoch, revision = string.match(parts[1], "^(%d+)%.(%d+)$")
  local all = { epoch = epoch, revision = revision, backends = {}, arms = {}, picks = {} }
  for i = 2, #parts do
    local backend, weight, version = string.match(parts[i], "^(%d+):(%d+):(%S+)$")
    version = unescaped(version)
    all.backends[version] = "serin_" .. backend
    all.arms[i - 1] = { version = version, weight = tonumber(weight) }
  end
  local total = 0
  for _, arm in ipairs(all.arms) do
    if arm.weight > 0 then
      total = total + arm.weight
      all.picks[#all.picks + 1] = { below = total * mask // 10000, version = arm.version }
    end
  end
  if #all.picks == 0 then error("no version has a share") end
  -- The last one is open-ended, as `*` in split_clients.
  all.picks[#all.picks].below = mask + 1
  local stable, canary, override = table.unpack(words(map:lookup("choice")))
  all.stable, all.canary, all.override = told(stable), told(canary), told(override)
  all.salt = told(map:lookup("salt"))
  all.unit = readers_of("unit")
  all.looks = readers_of("looks")
  all.trusted = networks_of(words_of("trusted"))
  all.rules = rules_of(all.stable, all.canary)
  return all
end

local known, in_force

-- Another thread may change the map while it is read: then it is read again. What cannot be read changes nothing.
local function current()
  local split = map:lookup("split")
  while split ~= known do
    known = split
    if split == nil then
      in_force = nil
    else
      local fine, all = pcall(compile, split)
      if fine then in_force = all end
    end
    split = map:lookup("split")
  end
  return in_force
end

local function picked(all, key)
  local hash = murmur2(all.salt .. key)
  for _, each in ipairs(all.picks) do
    if hash < each.below then return each.version end
  end
end

local function ruled(all, txn)
  for _, rule in ipairs(all.rules) do
    local fits = #rule.conditions > 0
    for _, each in ipairs(rule.conditions) do
      if not each.fits(each.read(txn)) then
        fits = false
        break
      end
    end
    if fits then return rule.version end
  end
  return nil
end

local function decide(all, txn, unit)
  if txn:get_var("txn.serin_preview") ~= nil then return all.canary or all.stable, "override" end
  local version = ruled(all, txn)
  if version ~= nil then return version, "rule" end
  if all.override ~= nil then
    local named = header_of(txn, all.override)
    if named ~= nil and all.backends[named] ~= nil then return named, "override" end
  end
  return picked(all, unit or txn.f:uuid()), "hash"
end

core.register_action("serin_decide", { "http-req" }, function(txn)
  local all = current()
  if all == nil then return end
  local forwarded = bytes_of(txn, "x-forwarded-for")
  local client, trusted, told_for = client_of(all.trusted, bare_address(txn.f:src()), forwarded)
  txn:set_var("txn.serin_trusted", trusted)
  txn:set_var("txn.serin_for", told_for)
  local unit
  for _, read in ipairs(all.unit) do
    unit = read(txn, client)
    if unit ~= nil and unit ~= "" then break end
    unit = nil
  end
  local version, by = decide(all, txn, unit)
  txn:set_var("txn.serin_version", version)
  txn:set_var("txn.serin_backend", all.backends[version] or "serin_none")
  local log = { all.revision, by, "=" .. encoded(version), "=" .. encoded(unit or "") }
  for _, read in ipairs(all.looks) do log[#log + 1] = "=" .. encoded(read(txn) or "") end
  txn:set_var("txn.serin_log", table.concat(log, " "))
end, 0)

local function answer(applet, text)
  applet:set_status(200)
  applet:add_header("content-length", #text)
  applet:add_header("content-type", "text/plain")
  applet:start_response()
  applet:send(text)
end

-- For the driver alone: which table is in force, and where the hash sends a unit.
core.register_service("serin_control", "http", function(applet)
  local all = current()
  if applet.path == "/split" then
    local probe = applet.headers["serin-probe"]
    answer(applet, all ~= nil and picked(all, probe and text_of(probe[0]) or "") or "")
    return
  end
  local arms = {}
  for i, arm in ipairs(all and all.arms or {}) do arms[i] = "[" .. quoted(arm.version) .. "," .. arm.weight .. "]" end
  local told = all and '"revision":' .. all.revision .. ',"epoch":' .. all.epoch or '"revision":null'
  answer(applet, "{" .. told .. ',"arms":[' .. table.concat(arms, ",") .. "]}")
end)
