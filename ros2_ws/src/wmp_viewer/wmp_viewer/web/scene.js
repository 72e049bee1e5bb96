// The scene: robot, ground, path, velocities, foot forces, and what camera and world model see.

import * as THREE from "wmp/three";
import { DEPTH, themed } from "wmp/colours";
import { levels } from "wmp/images";
import { Robot } from "wmp/robot";
import { Ground } from "wmp/terrain";

const METRES_PER_SPEED = 0.55; // length of an arrow per m/s
const METRES_PER_NEWTON = 0.0025;
const PATH_SPAN = 30; // s
const FRUSTUM_DEPTH = 0.45; // m
const UP = new THREE.Vector3(0, 0, 1);

export const LAYERS = [
  ["follow", "Follow", true], ["path", "Path", true], ["frustum", "Camera", true], ["ghost", "Belief", true],
];

export class Scene {
  constructor(canvas, header) {
    this.canvas = canvas;
    this.header = header;
    this.layers = Object.fromEntries(LAYERS.map(([name, , on]) => [name, on]));
    this.renderer = new THREE.WebGLRenderer({ canvas, antialias: true, preserveDrawingBuffer: true });
    this.renderer.shadowMap.enabled = true;
    this.renderer.shadowMap.type = THREE.PCFShadowMap;
    this.scene = new THREE.Scene();
    this.scene.fog = new THREE.Fog(0, 7, 26);
    this.camera = new THREE.PerspectiveCamera(38, 1, 0.05, 80);
    this.camera.up.copy(UP);
    this.camera.position.set(-1.05, -1.5, 1.2);
    this.orbit = new THREE.OrbitControls(this.camera, canvas);
    this.orbit.target.set(0.15, 0, 0.2);
    this.orbit.maxPolarAngle = 1.52;
    this.orbit.minDistance = 0.5;
    this.orbit.maxDistance = 12;
    this.orbit.addEventListener("change", () => { this.hasMoved = true; });
    this.lights();
    this.robot = new Robot(header);
    this.ground = new Ground();
    this.asked = arrow();
    this.actual = arrow();
    this.forces = header.joints.length ? Array.from({ length: 4 }, forceMark) : [];
    this.path = new THREE.Line(new THREE.BufferGeometry(), new THREE.LineBasicMaterial({ depthTest: false, transparent: true, opacity: 0.85 }));
    this.path.frustumCulled = false;
    this.frustum = this.cameraModel();
    this.ghost = new THREE.Points(new THREE.BufferGeometry(), new THREE.PointsMaterial({ size: 0.016, vertexColors: true, transparent: true, opacity: 0.9 }));
    this.ghost.frustumCulled = false;
    this.scene.add(this.robot.root, this.ground.root, this.asked.root, this.actual.root, this.path, this.ghost, ...this.forces);
    this.shown = { images: null };
    this.recolour();
    this.focus = null;
  }

  lights() {
    this.sun = new THREE.DirectionalLight(0xffffff, 2.3);
    this.sun.castShadow = true;
    this.sun.shadow.mapSize.set(1024, 1024);
    this.sun.shadow.bias = -0.002;
    this.sun.shadow.normalBias = 0.04;
    this.sun.shadow.radius = 3;
    Object.assign(this.sun.shadow.camera, { left: -2, right: 2, top: 2, bottom: -2, near: 0.5, far: 9 });
    this.scene.add(this.sun, this.sun.target, new THREE.HemisphereLight(0xffffff, 0x8894a4, 1.35));
  }

  recolour() {
    const sky = new THREE.Color(themed("sky"));
    this.scene.background = sky;
    this.scene.fog.color = sky;
    this.robot.recolour();
    this.ground.recolour();
    this.asked.material.color.set(themed("asked"));
    this.actual.material.color.set(themed("actual"));
    this.path.material.color.set(themed("actual"));
    this.frustum.lines.material.color.set(themed("edge"));
    for (const mark of this.forces) mark.material.color.set(themed("model"));
  }

  // Four edges from the camera to the corners of its picture, and the picture.
  cameraModel() {
    const { fov_deg: fov, position, pitch, width, height } = this.header.camera;
    const half = FRUSTUM_DEPTH * Math.tan((fov * Math.PI) / 360);
    const corners = [[-half, half], [half, half], [half, -half], [-half, -half]].map(([right, up]) => new THREE.Vector3(FRUSTUM_DEPTH, -right, up));
    const points = corners.flatMap((corner, i) => [new THREE.Vector3(), corner, corner, corners[(i + 1) % 4]]);
    const root = new THREE.Group();
    root.position.set(...position);
    root.rotation.y = pitch;
    const lines = new THREE.LineSegments(new THREE.BufferGeometry().setFromPoints(points), new THREE.LineBasicMaterial({ depthTest: false, transparent: true }));
    const texture = new THREE.DataTexture(new Uint8Array(4 * width * height), width, height);
    texture.colorSpace = THREE.SRGBColorSpace;
    const picture = new THREE.Mesh(new THREE.PlaneGeometry(2 * half, 2 * half), new THREE.MeshBasicMaterial({ map: texture, transparent: true, opacity: 0.9, side: THREE.DoubleSide, fog: false }));
    // The plane's x becomes right (-y of the robot), its y becomes up; its back faces the camera.
    picture.rotation.set(Math.PI / 2, -Math.PI / 2, 0);
    picture.position.x = FRUSTUM_DEPTH;
    root.add(lines, picture);
    this.robot.root.add(root);
    return { root, lines, picture, texture };
  }

  terrain(item) { this.ground.show(item); }

  // Draws a moment: its frame, the images, and the history for path and camera poses.
  draw(frame, images, history, time) {
    this.resize();
    if (frame) {
      this.robot.pose(frame.base, frame.q);
      this.arrows(frame);
      this.footForces(frame);
      this.follow(frame.base);
      this.drawPath(history, time, frame.base);
    }
    this.drawImages(images, history);
    this.orbit.update();
    this.hasMoved = false;
    this.renderer.render(this.scene, this.camera);
  }

  // For machines without a GPU, where drawing would slow down all else: half the resolution, no shadows.
  coarsen() {
    this.isCoarse = true;
    this.renderer.shadowMap.enabled = false;
    this.sun.castShadow = false;
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const ratio = this.isCoarse ? 0.5 : Math.min(window.devicePixelRatio || 1, 2);
    if (this.size === `${width}x${height}@${ratio}`) return;
    this.size = `${width}x${height}@${ratio}`;
    this.renderer.setPixelRatio(ratio);
    this.renderer.setSize(width, height, false);
    this.camera.aspect = width / Math.max(height, 1);
    this.camera.fov = this.camera.aspect < 1 ? 52 : 38;
    this.camera.updateProjectionMatrix();
  }

  follow(base) {
    const place = new THREE.Vector3(base[0], base[1], base[2]);
    if (!this.focus) this.focus = new THREE.Vector3(0, 0, 0.3);
    const far = place.distanceTo(this.focus) > 1;
    const target = this.focus.clone().lerp(place, far ? 1 : 0.25);
    if (this.layers.follow) {
      const move = target.clone().sub(this.focus);
      this.orbit.target.add(move);
      this.camera.position.add(move);
    }
    this.focus.copy(target);
    this.ground.reveal(new THREE.Vector3(0.3, 0, 0).applyQuaternion(this.robot.root.quaternion).add(place));
    this.sun.target.position.copy(place);
    this.sun.position.copy(place).add(new THREE.Vector3(-1.3, 1.6, 3.6));
  }

  arrows(frame) {
    const place = this.robot.root.position;
    const heading = new THREE.Vector3(1, 0, 0).applyQuaternion(this.robot.root.quaternion);
    const yaw = Math.atan2(heading.y, heading.x);
    const walking = frame.mode === "WALK";
    point(this.asked, place, yaw, walking ? frame.command : null, 0.2);
    point(this.actual, place, yaw, frame.velocity ?? (walking ? frame.believed : null), 0.165);
  }

  footForces(frame) {
    const places = this.robot.footPlaces();
    this.forces.forEach((mark, i) => {
      const force = frame.feet?.[i] ?? 0;
      mark.visible = force > 3;
      if (!mark.visible) return;
      mark.position.copy(places[i]);
      mark.scale.set(1, 1, force * METRES_PER_NEWTON);
    });
  }

  drawPath(history, time, base) {
    this.path.visible = this.layers.path;
    if (!this.path.visible) return;
    const frames = history.between("frame", time - PATH_SPAN, time);
    const every = Math.max(1, Math.floor(frames.length / 200));
    const points = frames.filter((_, i) => i % every === 0).map((each) => new THREE.Vector3(each.base[0], each.base[1], each.base[2] - 0.2));
    points.push(new THREE.Vector3(base[0], base[1], base[2] - 0.2));
    this.path.geometry.dispose();
    this.path.geometry = new THREE.BufferGeometry().setFromPoints(points);
  }

  drawImages(item, history) {
    this.frustum.root.visible = this.layers.frustum;
    this.ghost.visible = this.layers.ghost && Boolean(item?.believes);
    if (item === this.shown.images) return;
    this.shown.images = item;
    this.paintPicture(item && levels(item.sees));
    const from = item && history.at("frame", item.captured);
    if (item?.believes && from) this.paintGhost(levels(item.believes), from);
  }

  paintPicture(depth) {
    this.frustum.picture.visible = depth !== null;
    if (depth === null) return;
    const { texture } = this.frustum;
    const { width, height } = texture.image;
    for (let row = 0; row < height; row += 1) {
      for (let column = 0; column < width; column += 1) {
        // Textures start at the lower left.
        const colour = DEPTH[depth[(height - 1 - row) * width + column]];
        texture.image.data.set([colour[0], colour[1], colour[2], 255], 4 * (row * width + column));
      }
    }
    texture.needsUpdate = true;
  }

  // The decoded depth image as points in the world, seen from where the camera was.
  paintGhost(depth, frame) {
    const { width, height, fov_deg: fov, far, position, pitch } = this.header.camera;
    const focal = width / 2 / Math.tan((fov * Math.PI) / 360);
    const turn = new THREE.Quaternion(frame.base[4], frame.base[5], frame.base[6], frame.base[3]);
    const origin = new THREE.Vector3(frame.base[0], frame.base[1], frame.base[2]);
    const tilt = new THREE.Quaternion().setFromAxisAngle(new THREE.Vector3(0, 1, 0), pitch);
    const places = [];
    const colours = [];
    const colour = new THREE.Color();
    for (let row = 0; row < height; row += 1) {
      for (let column = 0; column < width; column += 1) {
        const level = depth[row * width + column];
        if (level > 245) continue; // as far as the camera sees: nothing there
        const ahead = (level / 255) * far;
        const right = ((column + 0.5 - width / 2) / focal) * ahead;
        const down = ((row + 0.5 - height / 2) / focal) * ahead;
        const place = new THREE.Vector3(ahead, -right, -down).applyQuaternion(tilt).add(new THREE.Vector3(...position)).applyQuaternion(turn).add(origin);
        places.push(place.x, place.y, place.z + 0.004);
        const [r, g, b] = DEPTH[level];
        colour.setRGB(r / 255, g / 255, b / 255, THREE.SRGBColorSpace);
        colours.push(colour.r, colour.g, colour.b);
      }
    }
    this.ghost.geometry.dispose();
    this.ghost.geometry = new THREE.BufferGeometry();
    this.ghost.geometry.setAttribute("position", new THREE.BufferAttribute(new Float32Array(places), 3));
    this.ghost.geometry.setAttribute("color", new THREE.BufferAttribute(new Float32Array(colours), 3));
  }
}

// An arrow along +x of length 1, drawn over everything.
function arrow() {
  const material = new THREE.MeshBasicMaterial({ fog: false, depthTest: false, transparent: true });
  const shaft = new THREE.Mesh(new THREE.CylinderGeometry(0.012, 0.012, 1, 12), material);
  const tip = new THREE.Mesh(new THREE.ConeGeometry(0.034, 0.09, 16), material);
  shaft.rotation.z = -Math.PI / 2;
  tip.rotation.z = -Math.PI / 2;
  const root = new THREE.Group();
  root.add(shaft, tip);
  for (const mesh of [shaft, tip]) mesh.renderOrder = 2;
  return { root, shaft, tip, material };
}

// Points an arrow along a velocity (vx, vy in the robot's frame), above the robot.
function point({ root, shaft, tip }, place, yaw, velocity, above) {
  const speed = velocity ? Math.hypot(velocity[0], velocity[1]) : 0;
  root.visible = speed > 0.03;
  if (!root.visible) return;
  const length = speed * METRES_PER_SPEED;
  root.position.set(place.x, place.y, place.z + above);
  root.quaternion.setFromAxisAngle(UP, yaw + Math.atan2(velocity[1], velocity[0]));
  shaft.scale.y = length;
  shaft.position.x = length / 2;
  tip.position.x = length + 0.04;
}

// A bar upwards from a foot; its height is the force.
function forceMark() {
  const geometry = new THREE.CylinderGeometry(0.009, 0.009, 1, 10);
  geometry.rotateX(Math.PI / 2);
  geometry.translate(0, 0, 0.5);
  const mark = new THREE.Mesh(geometry, new THREE.MeshBasicMaterial({ transparent: true, opacity: 0.85 }));
  mark.visible = false;
  return mark;
}
