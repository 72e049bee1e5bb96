// The robot: a tree of bodies with primitive shapes, posed by joint angles.

import * as THREE from "wmp/three";
import { themed } from "wmp/colours";

const MATERIAL = { trunk: "body", hip: "limb", thigh: "limb", calf: "dark", foot: "dark", camera: "dark", accent: "accent" };

export class Robot {
  constructor(header) {
    this.root = new THREE.Group();
    this.bodies = [];
    this.materials = new Map();
    const groups = new Map();
    for (const body of header.bodies) {
      const group = new THREE.Group();
      group.position.set(...body.origin);
      (groups.get(body.parent) ?? this.root).add(group);
      groups.set(body.name, group);
      for (const shape of body.shapes) group.add(this.mesh(shape));
      if (body.joint !== null) this.bodies.push({ group, axis: new THREE.Vector3(...body.axis), joint: body.joint });
    }
    this.feet = Object.entries(header.feet).map(([leg, offset]) => ({ calf: groups.get(`${leg}_calf`), offset }));
    this.recolour();
  }

  mesh(shape) {
    const name = MATERIAL[shape.part];
    if (!this.materials.has(name)) {
      this.materials.set(name, new THREE.MeshStandardMaterial({ roughness: 0.55, metalness: 0.1 }));
    }
    const mesh = new THREE.Mesh(geometry(shape), this.materials.get(name));
    place(mesh, shape);
    mesh.castShadow = true;
    mesh.receiveShadow = true;
    return mesh;
  }

  recolour() {
    for (const [name, material] of this.materials) material.color.set(themed(name));
  }

  // base: x, y, z, then the quaternion w, x, y, z; q: joint angles [rad].
  pose(base, q) {
    this.root.position.set(base[0], base[1], base[2]);
    this.root.quaternion.set(base[4], base[5], base[6], base[3]);
    for (const { group, axis, joint } of this.bodies) group.quaternion.setFromAxisAngle(axis, q[joint]);
    this.root.updateMatrixWorld(true);
  }

  // Places of the feet in the world, in the order of the legs.
  footPlaces() {
    return this.feet.map(({ calf, offset }) => calf.localToWorld(new THREE.Vector3(...offset)));
  }
}

function geometry(shape) {
  if (shape.kind === "box") return new THREE.BoxGeometry(...shape.size.map((half) => 2 * half));
  if (shape.kind === "sphere") return new THREE.SphereGeometry(shape.radius, 20, 14);
  const length = new THREE.Vector3(...shape.to).distanceTo(new THREE.Vector3(...shape.from));
  if (shape.kind === "capsule") return new THREE.CapsuleGeometry(shape.radius, length, 8, 18);
  return new THREE.CylinderGeometry(shape.radius, shape.radius, length, 28);
}

// three.js makes capsules and cylinders along y.
function place(mesh, shape) {
  if (shape.at) {
    mesh.position.set(...shape.at);
    return;
  }
  const from = new THREE.Vector3(...shape.from);
  const to = new THREE.Vector3(...shape.to);
  mesh.position.copy(from).lerp(to, 0.5);
  mesh.quaternion.setFromUnitVectors(new THREE.Vector3(0, 1, 0), to.sub(from).normalize());
}
