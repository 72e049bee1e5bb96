// STOP, requests, driving, and the faults of a simulation. Only for live pages.

const SEND_PERIOD = 100; // ms
const KEYS = {
  KeyW: ["vx", 1], ArrowUp: ["vx", 1], KeyS: ["vx", -1], ArrowDown: ["vx", -1],
  KeyA: ["yaw", 1], ArrowLeft: ["yaw", 1], KeyD: ["yaw", -1], ArrowRight: ["yaw", -1], KeyQ: ["vy", 1], KeyE: ["vy", -1],
};
const COVERED = "camera_black";
// Request -> modes that grant it.
const GRANTED_IN = { stand_up: ["PASSIVE"], walk: ["STAND"], sit_down: ["STAND_UP", "STAND", "WALK"] };
const KEY_SHARE = 0.7; // of the largest speed, while a key is held

const HANDLE = matchMedia("(pointer: coarse)").matches ? "the stick" : "<kbd>W</kbd> <kbd>A</kbd> <kbd>S</kbd> <kbd>D</kbd>";

const byId = (id) => document.getElementById(id);

export class Controls {
  constructor(header, send) {
    this.header = header;
    this.send = send;
    this.held = new Set();
    this.stick = null;
    this.isDriver = false;
    this.mode = "";
    this.buildStop();
    this.buildRequests();
    if (header.drive) this.listen();
  }

  buildStop() {
    for (const id of ["stop", "stop-phone"]) {
      byId(id).hidden = false;
      byId(id).addEventListener("click", () => this.stop());
    }
    byId("handle").hidden = false;
    byId("stick").hidden = !this.header.drive;
    document.addEventListener("keydown", (event) => {
      if (event.code !== "Space") return;
      event.preventDefault(); // it would also press the focused button
      if (!event.repeat) this.stop();
    });
    document.addEventListener("keyup", (event) => {
      if (event.code === "Space") event.preventDefault();
    });
  }

  stop() {
    this.release();
    this.send({ do: "stop" });
  }

  buildRequests() {
    this.requests = [];
    if (this.header.drive) {
      this.arm = this.button(byId("requests"), "Drive", () => (this.isDriver ? this.send({ do: "disarm" }) : this.confirm()));
      this.requests = [["Stand up", "stand_up"], ["Walk", "walk"], ["Sit down", "sit_down"]].map(([text, name]) =>
        [name, this.button(byId("requests"), text, () => this.send({ do: name }))]);
    }
    this.showRole();
  }

  // What only a simulated robot can suffer.
  buildSimulation() {
    if (this.cover) return;
    this.cover = this.button(byId("simulation"), "Cover camera", () => this.send({ do: "fault", fault: COVERED, on: this.cover.getAttribute("aria-pressed") !== "true" }));
    this.cover.setAttribute("aria-pressed", "false");
    this.button(byId("simulation"), "Push", () => this.send({ do: "push" }));
    this.buildFaults();
  }

  buildFaults() {
    const choice = document.createElement("select");
    choice.setAttribute("aria-label", "Inject a fault");
    choice.add(new Option("Other fault …", ""));
    for (const [fault, effect] of Object.entries(this.header.faults ?? {})) {
      if (fault === COVERED) continue; // has its own button
      const option = new Option(fault.replaceAll("_", " "), fault);
      option.title = effect;
      choice.add(option);
    }
    choice.addEventListener("change", () => {
      if (choice.value) this.send({ do: "fault", fault: choice.value, on: true });
      choice.value = "";
      choice.blur();
    });
    byId("simulation").append(choice);
    this.active = new Map();
  }

  // A button for every fault that is on; pressing it ends the fault.
  showFault({ fault, begins }) {
    if (fault === COVERED) {
      this.cover.setAttribute("aria-pressed", String(begins));
      this.cover.textContent = begins ? "Uncover camera" : "Cover camera";
    } else if (begins && !this.active.has(fault)) {
      const end = () => this.send({ do: "fault", fault, on: false });
      const button = this.button(byId("simulation"), `End ${fault.replaceAll("_", " ")}`, end);
      button.setAttribute("aria-pressed", "true");
      this.active.set(fault, button);
    } else if (!begins) {
      this.active.get(fault)?.remove();
      this.active.delete(fault);
    }
  }

  button(bar, text, onClick) {
    const element = document.createElement("button");
    element.type = "button";
    element.textContent = text;
    element.addEventListener("click", () => {
      element.blur();
      onClick(element);
    });
    bar.append(element);
    bar.hidden = false;
    return element;
  }

  confirm() {
    const dialog = byId("arm");
    dialog.addEventListener("close", () => {
      if (dialog.returnValue === "arm") this.send({ do: "arm" });
    }, { once: true });
    dialog.showModal();
  }

  // An item that changes what can be done.
  onItem(item) {
    if (item.kind === "terrain") this.buildSimulation();
    if (item.kind === "role") {
      this.isDriver = item.driver;
      this.showRole();
    } else if (["mode", "frame"].includes(item.kind) && item.mode !== this.mode) {
      this.mode = item.mode;
      this.enableRequests();
    } else if (item.kind === "fault" && this.cover) {
      this.showFault(item);
    }
  }

  enableRequests() {
    for (const [name, button] of this.requests) button.disabled = !this.isDriver || !GRANTED_IN[name].includes(this.mode);
  }

  showRole() {
    const line = byId("drive-line");
    this.enableRequests();
    byId("stick").setAttribute("aria-disabled", String(!this.isDriver));
    if (this.arm) {
      this.arm.title = this.isDriver ? "Press to stop driving" : "Press to drive";
      this.arm.setAttribute("aria-pressed", String(this.isDriver));
    }
    line.innerHTML = this.isDriver
      ? `<span>Hold ${HANDLE} to drive; let go to stop.</span>`
      : "";
    line.hidden = line.innerHTML === "";
  }

  listen() {
    document.addEventListener("keydown", (event) => {
      if (event.code in KEYS && this.isDriver && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        this.held.add(event.code);
      }
    });
    document.addEventListener("keyup", (event) => this.held.delete(event.code));
    // Nobody sees the robot on a hidden page, and a key that is released elsewhere would stay held.
    addEventListener("blur", () => this.release());
    document.addEventListener("visibilitychange", () => this.release());
    this.listenToStick();
    setInterval(() => this.drive(), SEND_PERIOD);
  }

  listenToStick() {
    const stick = byId("stick");
    const knob = stick.firstElementChild;
    const move = (event) => {
      const area = stick.getBoundingClientRect();
      const radius = area.width / 2;
      let x = (event.clientX - area.left - radius) / radius;
      let y = (event.clientY - area.top - radius) / radius;
      const length = Math.max(1, Math.hypot(x, y));
      x /= length;
      y /= length;
      this.stick = { vx: -y, yaw: -x };
      knob.style.transform = `translate(${x * radius * 0.6}px, ${y * radius * 0.6}px)`;
    };
    stick.addEventListener("pointerdown", (event) => {
      if (!this.isDriver) {
        this.confirm();
        return;
      }
      stick.setPointerCapture(event.pointerId);
      move(event);
    });
    stick.addEventListener("pointermove", (event) => {
      if (this.stick) move(event);
    });
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) stick.addEventListener(end, () => this.release());
    this.knob = knob;
  }

  release() {
    this.held.clear();
    this.stick = null;
    if (this.knob) this.knob.style.transform = "";
    if (this.isMoving) this.drive();
  }

  // Sends the velocity while something is held, then one zero.
  drive() {
    if (!this.isDriver) return;
    const share = { vx: 0, vy: 0, yaw: 0 };
    for (const code of this.held) share[KEYS[code][0]] += KEYS[code][1] * KEY_SHARE;
    if (this.stick) Object.assign(share, this.stick);
    const moving = Boolean(this.stick) || this.held.size > 0;
    if (!moving && !this.isMoving) return;
    this.isMoving = moving;
    const speed = Object.fromEntries(Object.entries(share).map(([axis, value]) => {
      const [low, high] = this.header.command[axis];
      return [axis, value >= 0 ? value * Math.max(high, 0) : value * Math.max(-low, 0)];
    }));
    this.send({ do: "drive", ...speed });
  }
}
