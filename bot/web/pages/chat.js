/* The web chat's page. Plain ES5 without libraries: it must run on old phones and load over 2G.
   Kept on the phone: the chat's secret, the language, and what is not sent yet. All else comes from the server. */
(function () {
  'use strict';
  var KEY = 'muster.chat.', HEART = 40000, PATIENCE = 20000, BIG = 1600;
  function byId(id) { return document.getElementById(id); }
  var words = JSON.parse(byId('words').textContent), language = document.documentElement.lang;
  var talk = byId('talk'), form = byId('form'), text = byId('text'), state = byId('state'), body = document.body;
  var socket = null, isOpen = false, tries = 0, cursor = '', gone = false;
  var site = body.getAttribute('data-site'), hasJoined = false;
  var shown = {}, own = {}, labels = {}, question = null, lastDay = '';
  var beat, silence, retry, working, notice;

  // --- what stays on the phone --------------------------------------------------------------------------------------

  var memory = {};
  function keep(name, value) {
    memory[name] = value;
    try {
      if (value === null) localStorage.removeItem(KEY + name); else localStorage.setItem(KEY + name, value);
    } catch (error) { /* private mode or full: it lasts as long as the page */ }
  }
  function kept(name) {
    if (memory[name] !== undefined) { return memory[name]; }
    try { return localStorage.getItem(KEY + name); } catch (error) { return null; }
  }
  function hex(count) {
    var source = window.crypto || window.msCrypto, bytes = new Uint8Array(count), out = '', i;
    source.getRandomValues(bytes);
    for (i = 0; i < count; i++) { out += (bytes[i] < 16 ? '0' : '') + bytes[i].toString(16); }
    return out;
  }
  function newId() {
    try { return hex(16); } catch (error) { return 'm' + Date.now().toString(36) + Math.random().toString(36).slice(2, 12); }
  }
  function secret() {
    if (!kept('secret')) { try { keep('secret', hex(32)); } catch (error) { /* the server makes one */ } }
    return kept('secret') || '';
  }
  var timers = {}, unsent = [];
  try { unsent = JSON.parse(kept('unsent') || '[]'); } catch (error) { unsent = []; }
  function keepUnsent() { keep('unsent', unsent.length ? JSON.stringify(unsent) : null); }

  // --- drawing ------------------------------------------------------------------------------------------------------

  function make(name, className, content) {
    var element = document.createElement(name);
    if (className) { element.className = className; }
    if (content !== undefined) { element.textContent = content; }
    return element;
  }
  function two(number) { return (number < 10 ? '0' : '') + number; }
  function day(at) {
    var name = at.toDateString();
    if (name !== lastDay && (lastDay || name !== new Date().toDateString())) { talk.appendChild(make('p', 'day', dayText(at))); }
    lastDay = name;
  }
  function dayText(at) {
    try { return at.toLocaleDateString((language === 'en' ? 'en-GB' : language) + '-u-nu-latn', { day: 'numeric', month: 'long' }); } catch (error) { return at.toDateString(); }
  }
  function clock(at) { return two(at.getHours()) + ':' + two(at.getMinutes()); }
  function atEnd() { return window.innerHeight + window.pageYOffset > document.documentElement.scrollHeight - 160; }
  function toEnd() { window.scrollTo(0, document.documentElement.scrollHeight); }

  function bubble(who, at, content) {
    var item = make('div', who === 'you' ? 'item own' : 'item'), words_ = make('div', 'body', content), foot = make('small');
    day(at);
    item.appendChild(make('span', 'out', words[who] + ': '));
    words_.dir = 'auto';
    item.appendChild(words_);
    item.appendChild(foot);
    talk.appendChild(item);
    return { item: item, body: words_, foot: foot, at: at };
  }

  function showDelivery(it) {
    if (shown[it.id]) { return false; }
    shown[it.id] = true;
    var follow = atEnd(), drawn = bubble(it.by, new Date(it.at), it.text);
    drawn.body.lang = it.language;
    drawn.body.dir = it.direction;
    drawn.foot.textContent = (it.by === 'person' ? words.person + ' · ' : '') + clock(drawn.at);
    if (it.file) { attach(drawn, it); }
    closeQuestion(null);
    if (it.options.length || it.asks_position) { ask(it); }
    setWorking(false);
    if (follow) { toEnd(); }
    return true;
  }

  // The file's address ends: it is opened in a page of its own, and drawn here only if it is a picture.
  function attach(drawn, it) {
    var link = make('a', 'file', words.file), picture = make('img');
    link.href = it.file;
    link.target = '_blank';
    link.rel = 'noopener noreferrer';
    link.dir = 'auto';
    picture.alt = '';
    picture.onload = function () { link.insertBefore(picture, link.firstChild); if (atEnd()) { toEnd(); } };
    picture.src = it.file;
    drawn.item.insertBefore(link, drawn.foot);
  }

  function ask(it) {
    var list = make('ul', 'options');
    list.lang = it.language;
    list.dir = it.direction;
    function offer(label, act) {
      var row = make('li'), button = make('button', '', label);
      button.type = 'button';
      button.onclick = act;
      row.appendChild(button);
      list.appendChild(row);
      return button;
    }
    it.options.forEach(function (option) {
      labels[option[1]] = option[0];
      offer(option[0], function () { say({ choice: option[1], label: option[0] }); }).setAttribute('data-payload', option[1]);
    });
    if (it.asks_position) { offer(words.place, askPlace); }
    talk.appendChild(list);
    question = list;
  }

  function closeQuestion(payload) {
    if (!question) { return; }
    Array.prototype.forEach.call(question.querySelectorAll('button'), function (button) {
      button.disabled = true;
      if (button.getAttribute('data-payload') === payload) { button.setAttribute('aria-pressed', 'true'); }
    });
    question = null;
  }

  function ownText(it) {
    if (it.text) { return it.text; }
    if (it.choice) { return it.label || labels[it.choice] || words.my_choice; }
    if (it.position || it.has_position) { return words.my_place; }
    return words.my_photo;
  }
  function showOwn(it, status) {
    if (own[it.id]) { mark(it.id, status); return; }
    var drawn = bubble('you', new Date(it.at), ownText(it));
    own[it.id] = drawn;
    closeQuestion(it.choice || null);
    mark(it.id, status);
  }
  function mark(id, status, why) {
    var drawn = own[id], again;
    if (!drawn) { return; }
    drawn.status = status;
    drawn.item.className = status === 'failed' ? 'item own failed' : 'item own';
    drawn.foot.textContent = clock(drawn.at) + ' · ' + (why || words[status === 'failed' ? 'waiting' : status]);
    if (drawn.again) { drawn.item.removeChild(drawn.again); drawn.again = null; }
    if (status === 'failed') {
      drawn.foot.textContent = clock(drawn.at) + (why ? ' · ' + why : '');
      again = make('button', 'again', words.failed);
      again.type = 'button';
      again.onclick = function () { sendAgain(id); };
      drawn.item.appendChild(again);
      drawn.again = again;
    }
  }

  function setWorking(on) {
    clearTimeout(working);
    byId('working').hidden = !on;
    if (on) { working = setTimeout(function () { setWorking(false); }, 12000); }
  }
  function tell(line) {
    notice = line;
    clearTimeout(tell.timer);
    if (line) { tell.timer = setTimeout(function () { tell(''); }, 15000); }
    showState();
  }
  function showState() {
    var line = notice || (isOpen ? '' : tries > 0 || navigator.onLine === false ? words.offline : words.connecting);
    if (state.textContent !== line) { state.textContent = line; }
    state.hidden = !line;
  }

  // --- what we say --------------------------------------------------------------------------------------------------

  function say(it) {
    it.id = newId();
    it.at = new Date().toISOString();
    unsent.push(it);
    keepUnsent();
    showOwn(it, isOpen ? 'sending' : 'waiting');
    toEnd();
    post(it);
  }
  function find(id) {
    for (var i = 0; i < unsent.length; i++) { if (unsent[i].id === id) { return unsent[i]; } }
    return null;
  }
  function post(it) {
    if (!isOpen || it.refused) { return; }
    mark(it.id, 'sending');
    var frame = { type: 'say', id: it.id, language: language };
    if (it.text) { frame.text = it.text; }
    if (it.choice) { frame.choice = it.choice; }
    if (it.position) { frame.position = it.position; }
    send(frame);
    clearTimeout(timers[it.id]);
    timers[it.id] = setTimeout(function () { if (find(it.id)) { mark(it.id, 'failed'); } }, PATIENCE);
  }
  function sendAgain(id) {
    var it = find(id);
    if (files[id]) { upload(id); return; }
    if (!it) { return; }
    it.refused = false;
    if (isOpen) { post(it); } else { mark(id, 'waiting'); reconnect(0); }
  }
  function stored(id, at) {
    clearTimeout(timers[id]);
    unsent = unsent.filter(function (it) { return it.id !== id; });
    keepUnsent();
    if (own[id] && at) { own[id].at = new Date(at); }
    mark(id, 'sent');
    setWorking(true);
  }
  function refused(frame) {
    if (frame.code === 'too_fast') {
      setTimeout(function () { unsent.forEach(function (it) { post(it); }); }, (frame.wait || 1) * 1000 + 200);
      return;
    }
    var it = frame.id && find(frame.id);
    if (!it) { return; }
    clearTimeout(timers[it.id]);
    if (frame.code === 'try_again') { setTimeout(function () { post(it); }, (frame.wait || 5) * 1000); return; }
    it.refused = true;
    keepUnsent();
    mark(it.id, 'failed', frame.code === 'too_long' ? words.too_long : '');
  }

  // --- photos -------------------------------------------------------------------------------------------------------

  var files = {};
  function addPhoto(file) {
    var id = newId(), drawn;
    files[id] = file;
    showOwn({ id: id, at: new Date().toISOString() }, 'sending');
    drawn = own[id];
    if (window.URL && URL.createObjectURL) {
      var picture = make('img');
      picture.alt = '';
      picture.onload = function () { toEnd(); };
      picture.src = URL.createObjectURL(file);
      drawn.item.insertBefore(picture, drawn.body);
    }
    toEnd();
    shrink(file, function (smaller) { files[id] = smaller; upload(id); });
  }
  function shrink(file, done) {
    if (!window.URL || !HTMLCanvasElement.prototype.toBlob || file.size < 300000) { done(file); return; }
    var picture = new Image(), url = URL.createObjectURL(file);
    picture.onerror = function () { URL.revokeObjectURL(url); done(file); };
    picture.onload = function () {
      var scale = Math.min(1, BIG / Math.max(picture.width, picture.height)), canvas = make('canvas');
      canvas.width = Math.round(picture.width * scale);
      canvas.height = Math.round(picture.height * scale);
      canvas.getContext('2d').drawImage(picture, 0, 0, canvas.width, canvas.height);
      URL.revokeObjectURL(url);
      canvas.toBlob(function (blob) { done(blob && blob.size < file.size ? blob : file); }, 'image/jpeg', 0.8);
    };
    picture.src = url;
  }
  function upload(id) {
    var request = new XMLHttpRequest(), bar = make('progress'), drawn = own[id];
    mark(id, 'sending');
    bar.max = 1;
    bar.value = 0;
    bar.setAttribute('aria-label', words.sending);
    drawn.item.insertBefore(bar, drawn.foot);
    request.open('POST', '/chat/upload');
    request.setRequestHeader('Authorization', 'Bearer ' + secret());
    request.setRequestHeader('X-Message-Id', id);
    request.setRequestHeader('X-Language', language);
    request.setRequestHeader('Content-Type', files[id].type || 'application/octet-stream');
    request.timeout = 300000;
    if (request.upload) {
      request.upload.onprogress = function (event) { if (event.lengthComputable) { bar.value = event.loaded / event.total; } };
    }
    request.onloadend = function () {
      drawn.item.removeChild(bar);
      if (request.status === 200) { delete files[id]; stored(id, JSON.parse(request.responseText).at); return; }
      mark(id, 'failed', request.status === 422 ? words.photo_refused : request.status === 413 ? words.photo_too_large : '');
    };
    request.send(files[id]);
  }

  // --- the socket ---------------------------------------------------------------------------------------------------

  function send(frame) { if (socket && socket.readyState === 1) { socket.send(JSON.stringify(frame)); } }
  function connect() {
    clearTimeout(retry);
    if (gone || socket) { return; }
    var mine = new WebSocket((location.protocol === 'https:' ? 'wss://' : 'ws://') + location.host + '/channels/webchat');
    socket = mine;
    alive();
    mine.onopen = function () { send({ type: 'hello', secret: secret(), cursor: cursor }); alive(); };
    mine.onmessage = function (event) { alive(); hear(JSON.parse(event.data)); };
    mine.onclose = function () { if (socket === mine) { lost(); } };
  }
  function alive() {
    clearTimeout(beat);
    clearTimeout(silence);
    beat = setTimeout(function () { send({ type: 'ping' }); }, HEART);
    silence = setTimeout(hangUp, HEART + PATIENCE);
  }
  function hangUp() {
    var dead = socket;
    lost();
    if (dead) { dead.onclose = dead.onmessage = null; dead.close(); }
  }
  function lost() {
    socket = null;
    isOpen = false;
    clearTimeout(beat);
    clearTimeout(silence);
    setWorking(false);
    unsent.forEach(function (it) { clearTimeout(timers[it.id]); if (!it.refused) { mark(it.id, 'waiting'); } });
    tries += 1;
    showState();
    reconnect(Math.min(30000, 500 * Math.pow(2, Math.min(tries, 6))) * (0.5 + Math.random() / 2));
  }
  function reconnect(after) {
    clearTimeout(retry);
    if (!gone) { retry = setTimeout(connect, after); }
  }

  function hear(frame) {
    switch (frame.type) {
      case 'history': return greet(frame);
      case 'delivery': if (showDelivery(frame)) { seen([frame.id]); } return undefined;
      case 'cursor': cursor = frame.cursor; return undefined;
      case 'stored': return stored(frame.id, frame.at);
      case 'joined': return joined();
      case 'error': return refused(frame);
      default: return undefined;
    }
  }
  function greet(frame) {
    var fresh = [], follow = frame.is_whole || atEnd();
    talk.setAttribute('aria-busy', 'true');
    if (frame.secret) { keep('secret', frame.secret); }
    frame.items.forEach(function (it) {
      if (it.type === 'said') { showOwn(it, 'sent'); } else if (showDelivery(it) && !it.is_read) { fresh.push(it.id); }
    });
    talk.setAttribute('aria-busy', 'false');
    cursor = frame.cursor;
    isOpen = true;
    tries = 0;
    showState();
    seen(fresh);
    if (!hasJoined && (site || (frame.is_whole && !frame.items.length && !unsent.length))) {
      send({ type: 'join', site: site, language: language });
      setWorking(true);
    }
    unsent.forEach(function (it) { showOwn(it, 'waiting'); post(it); });
    Object.keys(files).forEach(function (id) { if (own[id].status === 'failed') { upload(id); } });
    if (follow) { toEnd(); }
  }
  function joined() {
    hasJoined = true;
    site = '';
    if (window.history && history.replaceState) { history.replaceState(null, '', '/chat'); }
  }
  var unread = [];
  function seen(ids) {
    if (!ids.length) { return; }
    var isRead = document.visibilityState !== 'hidden';
    if (!isRead) { unread = unread.concat(ids); }
    for (var i = 0; i < ids.length; i += 100) { send({ type: 'seen', ids: ids.slice(i, i + 100), is_read: isRead }); }
  }

  // --- leaving ------------------------------------------------------------------------------------------------------

  function leave() {
    gone = true;
    if (socket) { socket.onclose = null; socket.close(); }
    document.title = '';
    body.textContent = '';
    location.replace(body.getAttribute('data-exit'));
  }
  function forget() {
    var button = byId('forget');
    if (button.className !== 'sure') {
      button.className = 'sure';
      button.textContent = words.forget_sure;
      setTimeout(function () { button.className = ''; button.textContent = words.forget; }, 6000);
      return;
    }
    unsent = [];
    ['secret', 'unsent', 'language'].forEach(function (name) { keep(name, null); });
    leave();
  }

  // --- hands --------------------------------------------------------------------------------------------------------

  function submit() {
    var content = text.value.replace(/^\s+|\s+$/g, '');
    if (!content) { text.focus(); return; }
    text.value = '';
    grow();
    say({ text: content });
    text.focus();
  }
  function fit() {  // on a small screen, with large text or an open keyboard, nothing may stand in the way of the messages
    body.className = '';
    var fixed = document.querySelector('header').offsetHeight + document.querySelector('footer').offsetHeight;
    if (fixed > window.innerHeight * 0.55) { body.className = 'small'; }
  }
  function grow() {
    text.style.height = 'auto';
    text.style.height = Math.min(text.scrollHeight + 4, 160) + 'px';
  }
  function askPlace() {
    function refusedPlace() { tell(words.place_refused); }
    if (!navigator.geolocation) { refusedPlace(); return; }
    tell(words.place_asking);
    navigator.geolocation.getCurrentPosition(function (found) {
      tell('');
      say({ position: { latitude: found.coords.latitude, longitude: found.coords.longitude } });
    }, refusedPlace, { enableHighAccuracy: false, timeout: 20000, maximumAge: 60000 });
  }

  form.onsubmit = function (event) { event.preventDefault(); submit(); };
  text.oninput = grow;
  text.onkeydown = function (event) {
    if (event.keyCode === 13 && !event.shiftKey && !event.isComposing && event.keyCode !== 229) { event.preventDefault(); submit(); }
  };
  byId('photo').onclick = function () { byId('file').click(); };
  byId('file').onchange = function () {
    if (this.files && this.files[0]) { addPhoto(this.files[0]); }
    this.value = '';
  };
  byId('place').onclick = askPlace;
  byId('leave').onclick = leave;
  byId('forget').onclick = forget;
  var escaped = 0;
  document.addEventListener('keydown', function (event) {
    if (event.keyCode !== 27) { return; }
    var now = Date.now();
    if (now - escaped < 1500) { leave(); }
    escaped = now;
  });
  Array.prototype.forEach.call(document.querySelectorAll('nav a'), function (link) {
    link.onclick = function () {
      var wanted = link.getAttribute('data-language');
      keep('language', wanted);
      if (wanted !== language && talk.firstChild) {  // the program must hear it too: sent as the new page opens
        unsent.push({ id: newId(), at: new Date().toISOString(), text: link.textContent });
        keepUnsent();
      }
    };
  });
  window.addEventListener('online', function () { tries = 0; reconnect(0); });
  window.addEventListener('offline', function () { if (socket) { hangUp(); } });
  window.addEventListener('resize', fit);
  document.addEventListener('visibilitychange', function () {
    if (document.visibilityState === 'hidden') { return; }
    var ids = unread;
    unread = [];
    seen(ids);
    if (!socket) { reconnect(0); }
  });

  // --- start --------------------------------------------------------------------------------------------------------

  var chosen = kept('language');
  if (/[?&]language=/.test(location.search)) {
    keep('language', language);
  } else if (chosen && chosen !== language) {
    location.replace('/chat' + (location.search || '?') + (location.search ? '&' : '') + 'language=' + encodeURIComponent(chosen));
    return;
  }
  if (!window.WebSocket || !Array.prototype.forEach) {
    state.textContent = words.old_browser + ' ' + words.sms;
    state.hidden = false;
    return;
  }
  form.hidden = byId('forget').hidden = false;
  fit();
  showState();
  connect();
}());
