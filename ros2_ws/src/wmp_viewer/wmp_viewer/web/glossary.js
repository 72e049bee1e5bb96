// What a newcomer needs to know about each term, shown on hover, focus or tap.

export const TERMS = {
  sees: "The depth image that the world model used: bright is near. Empty while no usable image arrives.",
  believes: "What the world model decodes from its own memory after this image. Without an image it is what it predicts.",
  foresaw: "What the world model predicted for this moment one second ago, without any image since, from the robot's own actions.",
  error: "Difference between what was foreseen and what is seen: dark where they agree.",
  surprise: "How far an image moves the world model from what it expected (KL divergence in nats). Above the dashed limit the robot slows down: the world is unlike training.",
  speed: "Commanded speed against actual speed. On a robot the actual speed is the policy's own estimate.",
  torque: "Torque of each motor as a share of its limit: hip (sideways), thigh, and calf (knee).",
  blind: "No usable depth image arrives: the world model goes on with its own prediction (the prior).",
};

export const MODES = {
  PASSIVE: ["Passive", "Joints are damped, the robot lies."],
  STAND_UP: ["Standing up", "A fixed trajectory to the standing pose."],
  STAND: ["Standing", "Joints hold the standing pose."],
  WALK: ["Walking", "The policy controls the joints."],
  SIT_DOWN: ["Sitting down", "A fixed trajectory to lying."],
  FAULT: ["Fault", "Joints are damped. STOP acknowledges it."],
};

// Shows the explanation of [data-term] elements in one tooltip.
export function explainTerms(tip) {
  const show = (element) => {
    tip.textContent = TERMS[element.dataset.term];
    tip.hidden = false;
    const at = element.getBoundingClientRect();
    const left = Math.min(Math.max(8, at.left), innerWidth - tip.offsetWidth - 8);
    const below = at.bottom + 6 + tip.offsetHeight < innerHeight;
    tip.style.left = `${left}px`;
    tip.style.top = `${below ? at.bottom + 6 : at.top - tip.offsetHeight - 6}px`;
  };
  const hide = () => { tip.hidden = true; };
  for (const element of document.querySelectorAll("[data-term]")) {
    element.tabIndex = 0;
    element.addEventListener("pointerenter", () => show(element));
    element.addEventListener("focus", () => show(element));
    element.addEventListener("pointerleave", hide);
    element.addEventListener("blur", hide);
  }
}
