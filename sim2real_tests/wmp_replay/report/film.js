// Plays each element of class "film": its data-frames holds captions and images, shown one frame at a time.
for (const film of document.querySelectorAll(".film")) {
  const frames = JSON.parse(film.dataset.frames);
  const images = [...film.querySelectorAll("img")];
  const caption = film.querySelector("output");
  const button = film.querySelector("button");
  let shown = 0, timer = null;
  const show = () => {
    frames[shown].pictures.forEach((source, i) => { images[i].src = source; });
    caption.textContent = frames[shown].caption;
  };
  const next = () => { shown = (shown + 1) % frames.length; show(); };
  const play = (on) => {
    clearInterval(timer);
    timer = on ? setInterval(next, 250) : null;
    button.textContent = on ? "Pause" : "Play";
  };
  button.addEventListener("click", () => play(timer === null));
  show();
  play(!matchMedia("(prefers-reduced-motion: reduce)").matches);
}
