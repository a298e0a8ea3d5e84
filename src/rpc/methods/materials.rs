//! Handlers about materials.

use super::layer_settings::{change_layer, checked_name, state_of};
use super::{entries, target};
use crate::api::PartRef;
use crate::api::methods::layer_settings::LayerState;
use crate::api::methods::materials::*;
use crate::api::methods::system::NoParams;
use crate::document::history::Scope;
use crate::document::{Document, Material};
use crate::rpc::context::{Context, Outcome};
use crate::rpc::error::{NO_SUCH_LAYER, RpcError};
use crate::rpc::table::Handle;

entries![ListMaterials, CreateMaterial, UpdateMaterial, DeleteMaterial, SetLayerMaterial];

/// The index of the material that a call means.
fn index_of(document: &Document, wanted: &PartRef<'_>) -> Result<usize, RpcError> {
    let names = document.materials.iter().map(|material| material.name.as_str());
    target::part("material", names.collect(), wanted)
}

fn listed(document: &Document, index: usize) -> Result<ListedMaterial, RpcError> {
    let known = document.materials.get(index);
    let material = known.ok_or_else(|| RpcError::internal("material vanished"))?;
    let [r, g, b, opacity] = material.color;
    Ok(ListedMaterial {
        material: index,
        name: material.name.clone(),
        color: [r, g, b],
        opacity,
        metallic: material.metallic,
        roughness: material.roughness,
        emission: material.emission,
        layers: layers_of(document, index),
    })
}

fn layers_of(document: &Document, index: usize) -> Vec<i32> {
    let made_of_it = document.layers().iter().filter(|layer| layer.material == Some(index));
    made_of_it.map(|layer| layer.id.0).collect()
}

fn state(context: &mut Context<'_>, index: usize) -> Result<Outcome<MaterialState>, RpcError> {
    let project = context.project()?;
    let material = listed(project.document(), index)?;
    Ok(MaterialState { success: true, material, revision: project.revision() }.into())
}

impl Handle for ListMaterials {
    fn handle(context: &mut Context<'_>, _: NoParams) -> Result<Outcome<MaterialList>, RpcError> {
        let document = context.project()?.document();
        let count = document.materials.len();
        let materials = (0..count).map(|index| listed(document, index));
        Ok(MaterialList { count, materials: materials.collect::<Result<_, _>>()? }.into())
    }
}

/// "Material." and the smallest number that makes the name new.
fn free_name(document: &Document) -> String {
    let is_taken = |name: &String| document.materials.iter().any(|known| known.name == *name);
    let mut names = (1..).map(|number| format!("Material.{number}"));
    names.find(|name| !is_taken(name)).unwrap_or_default()
}

impl Handle for CreateMaterial {
    fn handle(
        context: &mut Context<'_>,
        params: CreateMaterialParams<'_>,
    ) -> Result<Outcome<MaterialState>, RpcError> {
        if let Some(name) = &params.name {
            checked_name(name, context.daemon.limits.names.material)?;
        }
        let project = context.project()?;
        let index = project.edit("create material", Scope::Document, |document| {
            let fallback = free_name(document);
            let mut material = Material { name: fallback, ..Material::default() };
            apply(&mut material, params.into());
            document.materials.push(material);
            Ok::<_, RpcError>(document.materials.len() - 1)
        })?;
        state(context, index)
    }
}

/// The settings that a call gives.
struct Settings {
    name: Option<String>,
    color: Option<[f32; 3]>,
    opacity: Option<f32>,
    metallic: Option<f32>,
    roughness: Option<f32>,
    emission: Option<[f32; 3]>,
}

macro_rules! settings_from {
    ($type:ident) => {
        impl From<$type<'_>> for Settings {
            fn from(params: $type<'_>) -> Self {
                Settings {
                    name: params.name.map(|name| name.into_owned()),
                    color: params.color.map(|color| color.0),
                    opacity: params.opacity.map(|opacity| opacity.0),
                    metallic: params.metallic.map(|metallic| metallic.0),
                    roughness: params.roughness.map(|roughness| roughness.0),
                    emission: params.emission.map(|emission| emission.0),
                }
            }
        }
    };
}
settings_from!(CreateMaterialParams);
settings_from!(UpdateMaterialParams);

fn apply(material: &mut Material, settings: Settings) {
    let [r, g, b, opacity] = material.color;
    let [r, g, b] = settings.color.unwrap_or([r, g, b]);
    material.color = [r, g, b, settings.opacity.unwrap_or(opacity)];
    material.metallic = settings.metallic.unwrap_or(material.metallic);
    material.roughness = settings.roughness.unwrap_or(material.roughness);
    material.emission = settings.emission.unwrap_or(material.emission);
    if let Some(name) = settings.name {
        material.name = name;
    }
}

impl Handle for UpdateMaterial {
    fn handle(
        context: &mut Context<'_>,
        params: UpdateMaterialParams<'_>,
    ) -> Result<Outcome<MaterialState>, RpcError> {
        if let Some(name) = &params.name {
            checked_name(name, context.daemon.limits.names.material)?;
        }
        let document = context.project()?.document();
        let index = index_of(document, &params.material)?;
        let mut changed = document.materials[index].clone();
        apply(&mut changed, params.into());
        if changed != document.materials[index] {
            context.project()?.edit("update material", Scope::Document, |document| {
                document.materials[index] = changed;
                Ok::<_, RpcError>(())
            })?;
        }
        state(context, index)
    }
}

impl Handle for DeleteMaterial {
    fn handle(
        context: &mut Context<'_>,
        params: DeleteMaterialParams<'_>,
    ) -> Result<Outcome<DeleteMaterialResult>, RpcError> {
        let project = context.project()?;
        let layers = project.edit("delete material", Scope::Document, |document| {
            let index = index_of(document, &params.material)?;
            let bare = layers_of(document, index);
            document.materials.remove(index);
            for layer in document.layers_mut() {
                layer.material = match layer.material {
                    Some(own) if own == index => None,
                    Some(own) if own > index => Some(own - 1),
                    own => own,
                };
            }
            Ok::<_, RpcError>(bare)
        })?;
        let (count, revision) = (project.document().materials.len(), project.revision());
        Ok(DeleteMaterialResult { success: true, count, layers, revision }.into())
    }
}

impl Handle for SetLayerMaterial {
    fn handle(
        context: &mut Context<'_>,
        params: SetLayerMaterialParams<'_>,
    ) -> Result<Outcome<LayerState>, RpcError> {
        let document = context.project()?.document();
        let layer = target::layer(document, &params.layer_id, NO_SUCH_LAYER)?;
        let (layer_id, id, before) = (params.layer_id.clone(), layer.id, layer.material);
        let wanted = params.material.0.map(|wanted| index_of(document, &wanted)).transpose()?;
        if wanted == before {
            return state_of(context, id);
        }
        change_layer(context, "set layer material", move |document| {
            target::layer_mut(document, layer_id, NO_SUCH_LAYER)?.material = wanted;
            Ok(id)
        })
    }
}
